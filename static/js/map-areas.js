/**
 * Outlines on the map, for map.js:  <div data-map data-with="areas" data-areas="/areas.json | #json" …>
 *
 * The JSON is {areas: Area[]}, coordinates in data-datum; the view is fitted to them where no pins are. A tap tells the name, and leads on.
 * An overlap and what was before are told by their dashes as well as by their colour, and the page has a list of the same.
 *
 * @typedef {{label: string, rings: [number, number][][][], colour?: string, sub?: string, url?: string, look?: "was" | "new" | "overlap"}} Area
 */

/** @param {Area} area */
function popup({ label, sub, url }) {
  const box = document.createElement("div");
  const head = box.appendChild(document.createElement(url ? "a" : "strong"));
  head.textContent = label;
  if (url) head.setAttribute("href", url);
  if (sub) box.appendChild(document.createElement("p")).textContent = sub;
  return box;
}

/** @param {any} map a Leaflet map @param {HTMLElement} el its element @param {AbortSignal} signal the map's end */
export async function extend(map, el, signal) {
  const from = el.dataset.areas ?? "";
  const found = from.startsWith("#")
    ? JSON.parse(document.querySelector(from)?.textContent ?? "{}")
    : await fetch(from, { signal }).then((answer) => answer.json()).catch(() => ({}));
  if (signal.aborted) return;
  const bounds = L.latLngBounds([]);
  for (const area of /** @type {Area[]} */ (found.areas ?? [])) {
    const { rings, colour, look } = area;
    const color = look === "overlap" ? "#b00020" : colour;
    const shape = L.polygon(rings, {
      color, className: "map-territory" + (look ? " is-" + look : ""), weight: look === "new" ? 3 : 1.5, fillOpacity: look === "was" ? 0 : .18,
      dashArray: look === "was" || look === "overlap" ? "6 4" : undefined, smoothFactor: 1,
    }).addTo(map);
    shape.bindPopup(() => popup(area), { maxWidth: 260 });
    bounds.extend(shape.getBounds());
  }
  const hasOwn = el.dataset.pinsFrom || el.querySelector(".map-drawn"); // whose view counts
  if (bounds.isValid() && !hasOwn) map.fitBounds(bounds, { padding: [16, 16], animate: false });
}
