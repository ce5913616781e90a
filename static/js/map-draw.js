/**
 * Drawing outlines, for map.js:  <div data-map data-with="draw" data-draw="#shape #datum #json" …> beside <div data-draw-tools> with
 * <button type="button" data-draw-do="new|undo|remove|done"> and <output data-draw-says>.
 *
 * - #shape is the text field that is sent: a line "lat, lon" for each corner with an empty line between outlines, or GeoJSON where there
 *   are holes. It is what counts; whoever cannot use a map types there, and the map follows. #datum is set to data-datum with the first
 *   change on the map, #json holds {rings} (polygons > rings > [lat, lon]) of what is stored, in that datum.
 * - A tap adds a corner to the open outline (or begins one), a tap on a side's middle puts one in, a drag moves one. A corner is chosen by
 *   tap or Tab; Delete removes it. Enter on the map adds a corner at its middle.
 *
 * @typedef {[number, number]} Corner @typedef {Corner[][]} Polygon the outline, then its holes
 */
import { _ } from "./words.js";

const MOST_HANDLES = 500;
/** @param {any} map a Leaflet map @param {HTMLElement} el its element @param {AbortSignal} signal the map's end */
export function extend(map, el, signal) {
  const { draw = "", datum = "wgs84", pinsFrom } = el.dataset;
  const [field, named, stored] = draw.split(" ").map((name) => /** @type {any} */ (document.querySelector(name)));
  const tools = document.querySelector("[data-draw-tools]"), says = tools?.querySelector("[data-draw-says]");
  /** @type {Polygon[]} */
  let polygons = JSON.parse(stored.textContent).rings;
  /** @type {string[]} */
  const past = [];
  let open = -1; // the outline that taps add to
  /** @type {[number, number, number] | null} polygon, ring, corner */
  let chosen = null;
  const shapes = L.layerGroup().addTo(map), handles = L.layerGroup().addTo(map);
  el.classList.add("is-picking");

  const text = () => polygons.some((rings) => rings.length > 1)
    ? JSON.stringify({ type: "MultiPolygon", coordinates: polygons.map((rings) => rings.map((ring) => [...ring, ring[0]].map(([y, x]) => [x, y]))) })
    : polygons.map(([ring]) => ring.map(([y, x]) => `${y}, ${x}`).join("\n")).join("\n\n");

  const write = () => {
    named.value = datum;
    field.value = text();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const before = () => { past.push(JSON.stringify(polygons)); if (past.length > 200) past.shift(); };
  const round = (/** @type {any} */ at) => /** @type {Corner} */ ([+at.lat.toFixed(6), +at.lng.toFixed(6)]);

  const icon = (/** @type {string} */ name) => L.divIcon({ className: "corner " + name, html: "<span></span>", iconSize: [44, 44] });
  const show = () => {
    shapes.clearLayers();
    handles.clearLayers();
    polygons.forEach((rings, p) => L.polygon(rings, { className: "map-drawn" + (p === open ? " is-open" : ""), interactive: false }).addTo(shapes));
    const view = map.getBounds().pad(0.1);
    /** @type {[number, number, number][]} */
    const seen = [];
    polygons.forEach((rings, p) => rings.forEach((ring, r) => ring.forEach((at, c) => { if (view.contains(at)) seen.push([p, r, c]); })));
    const many = seen.length > MOST_HANDLES;
    for (const [p, r, c] of many ? [] : seen) handle(p, r, c);
    if (says) says.textContent = many ? _("Zoom in to move corners.") : open >= 0 ? _("Tap the map for each corner; then finish the outline.") : "";
  };

  const handle = (/** @type {number} */ p, /** @type {number} */ r, /** @type {number} */ c) => {
    const ring = polygons[p][r], next = ring[(c + 1) % ring.length];
    const isChosen = chosen?.join() === [p, r, c].join();
    const corner = L.marker(ring[c], { icon: icon(isChosen ? "is-chosen" : ""), draggable: true }).addTo(handles);
    const label = _("Corner %(n)s: choose, then move or remove it", { n: c + 1 });
    corner.getElement()?.setAttribute("aria-label", label);
    corner.on("dragstart", before).on("drag", () => { ring[c] = round(corner.getLatLng()); shapes.eachLayer((/** @type {any} */ each) => each.redraw()); });
    corner.on("dragend", () => { chosen = [p, r, c]; write(); show(); });
    corner.on("click", () => { chosen = isChosen ? null : [p, r, c]; show(); });
    if (p === open && c === ring.length - 1 || ring.length < 2) return; // an open outline has no last side yet
    const middle = { lat: (ring[c][0] + next[0]) / 2, lng: (ring[c][1] + next[1]) / 2 };
    const between = L.marker(middle, { icon: icon("is-between"), draggable: true, keyboard: false }).addTo(handles);
    const put = () => { before(); ring.splice(c + 1, 0, round(between.getLatLng())); chosen = [p, r, c + 1]; write(); show(); };
    between.on("click", put).on("dragend", put);
  };

  const add = (/** @type {any} */ at) => {
    before();
    if (open < 0) open = polygons.push([[]]) - 1;
    polygons[open][0].push(round(at.wrap()));
    chosen = null;
    write();
    show();
  };

  /** @type {Record<string, () => void>} */
  const deeds = {
    new: () => { open = -1; chosen = null; before(); open = polygons.push([[]]) - 1; show(); },
    undo: () => {
      const last = past.pop();
      if (!last) return;
      polygons = JSON.parse(last);
      if (open >= polygons.length) open = -1;
      chosen = null;
      write();
      show();
    },
    remove: () => {
      before();
      if (chosen) {
        const [p, r, c] = chosen;
        polygons[p][r].splice(c, 1);
        if (polygons[p][r].length < 1) r ? polygons[p].splice(r, 1) : polygons.splice(p, 1);
      } else if (polygons.length) polygons.pop();
      open = Math.min(open, polygons.length - 1);
      chosen = null;
      write();
      show();
    },
    done: () => { open = -1; chosen = null; show(); },
  };

  map.on("click", (/** @type {any} */ event) => add(event.latlng));
  map.on("moveend", show);
  el.addEventListener("keydown", (event) => {
    const on = /** @type {HTMLElement} */ (event.target);
    if (event.key === "Enter" && on === el) event.preventDefault(), add(map.getCenter());
    if ((event.key === "Delete" || event.key === "Backspace") && (chosen || on.matches(".corner"))) event.preventDefault(), deeds.remove();
  });
  tools?.addEventListener("click", (event) => {
    const button = /** @type {HTMLElement} */ (event.target).closest("[data-draw-do]");
    if (button) deeds[button.getAttribute("data-draw-do") ?? ""]?.();
  }, { signal });
  field.addEventListener("change", () => { // typed by hand
    const typed = read(field.value);
    if (!typed || field.value === text()) return;
    before();
    polygons = typed;
    open = -1;
    show();
    fit();
  }, { signal });

  const fit = () => {
    const bounds = L.latLngBounds(/** @type {any} */ (polygons).flat(2));
    if (bounds.isValid()) map.fitBounds(bounds, { padding: [24, 24], animate: false });
  };
  if (!pinsFrom) fit();
  polygons = read(field.value) ?? polygons; // what was typed before an error counts, and it is in the datum that was sent
  show();
}

/** The lines of the field as polygons; null for anything else, which the server will read. @param {string} text @returns {Polygon[] | null} */
function read(text) {
  /** @type {Polygon[]} */
  const found = [];
  for (const part of text.trim().split(/\n\s*\n/)) {
    const ring = part.split("\n").map((line) => line.split(/[,，;\s]+/).filter(Boolean).map(Number));
    if (!ring.every((at) => at.length === 2 && at.every(Number.isFinite))) return null;
    found.push([/** @type {Corner[]} */ (ring)]);
  }
  return found;
}
