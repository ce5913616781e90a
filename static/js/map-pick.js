/**
 * A place chosen on the map, for map.js:  <div data-map data-pick="#lat #lon #datum" data-project="/maps/point" …>
 *
 * - A tap, a drag of the marker, or Enter for the middle of the map writes degrees into the first two inputs and data-datum into the third
 *   (which may be left out), then fires `change` and `map:pick` (detail: lat, lon, datum) on the first.
 * - If the first has a value at the start, the marker stands at data-lat, data-lon.
 * - data-around="#radius": an input with metres; the circle around the marker shows what is within them.
 * - A `position:fix` around the inputs moves the marker. It is WGS-84: on a map in another datum data-project is an address that
 *   answers ?lat=&lon= with {"lat", "lon"} in that of the map; without an answer the marker stays away.
 */

/** @param {any} map a Leaflet map @param {HTMLElement} el its element @param {any} icon @param {AbortSignal} signal the map's end */
export function picking(map, el, icon, signal) {
  const { pick = "", datum = "wgs84", project, around, lat: y0, lon: x0 } = el.dataset;
  const [lat, lon, named] = pick.split(" ").map((name) => /** @type {HTMLInputElement} */ (document.querySelector(name)));
  const marker = L.marker([Number(y0 || 0), Number(x0 || 0)], { icon, draggable: true, keyboard: false });
  const metres = around && /** @type {HTMLInputElement?} */ (document.querySelector(around));
  if (metres) {
    const circle = L.circle(marker.getLatLng(), { radius: Number(metres.value) || 0, className: "map-area", interactive: false });
    marker.on("add", () => circle.addTo(map)).on("remove", () => circle.remove()).on("move", () => circle.setLatLng(marker.getLatLng()));
    metres.addEventListener("input", () => circle.setRadius(Number(metres.value) || 0), { signal });
  }
  if (lat.value && y0) marker.addTo(map);

  const take = (/** @type {any} */ place) => {
    const at = marker.setLatLng(place).addTo(map).getLatLng().wrap();
    const detail = { lat: +at.lat.toFixed(6), lon: +at.lng.toFixed(6), datum };
    lat.value = String(detail.lat);
    lon.value = String(detail.lon);
    if (named) named.value = datum;
    lat.dispatchEvent(new Event("change", { bubbles: true }));
    lat.dispatchEvent(new CustomEvent("map:pick", { bubbles: true, detail }));
  };
  el.classList.add("is-picking");
  map.on("click", (/** @type {any} */ event) => take(event.latlng));
  marker.on("dragend", () => take(marker.getLatLng()));
  el.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target !== el) return;
    event.preventDefault(); // the map stands in a form
    take(map.getCenter());
  });

  document.addEventListener("position:fix", async (event) => {
    if (!(event.target instanceof Node && event.target.contains(lat))) return;
    if (named) named.value = "wgs84";
    let at = /** @type {CustomEvent} */ (event).detail;
    if (datum !== "wgs84") {
      marker.remove();
      at = project && await fetch(`${project}?lat=${at.lat}&lon=${at.lon}`).then((answer) => answer.json()).catch(() => null);
    }
    if (at) map.setView(marker.setLatLng([at.lat, at.lon]).addTo(map).getLatLng(), 17, { animate: false });
  }, { signal });
}
