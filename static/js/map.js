/**
 * A Leaflet map of pins: on tiles where the company has a tile server, else on the outlines of the world.
 *
 *   <div class="map" data-map tabindex="0" role="region" aria-label="…" hx-morph-skip-children
 *        data-styles="…/leaflet.css …/map.css"  data-leaflet="…/leaflet.js"  data-outlines="…/countries-50m.json"  data-topojson="…/topojson-client.min.js"
 *        data-tiles="https://…/{z}/{x}/{y}.png"  data-attribution  data-tiles-max="19"  data-subdomains="abc"
 *        data-pins="/visits/pins.json" | data-pins-from="#json"  data-refresh="30"  data-follow
 *        data-lat  data-lon  data-zoom  data-datum="wgs84|gcj02"  data-pick (see map-pick.js)  data-with="areas draw" (map-areas.js, map-draw.js)
 *        data-text-stale  data-text-zoom-in  data-text-zoom-out  data-text-close  data-text-done (or any tone)></div>
 *
 * - Pins: see the types below, by address or in a <script type="application/json" id="json">. They are fitted once; data-lat, -lon
 *   and -zoom are the view until then. All coordinates are in data-datum, that of the tiles: the server converts.
 * - `map:refresh` on any element asks again, and so does data-refresh every so many seconds; the view and the open popup stay.
 *   data-follow asks after each move too, with ?box=west,south,east,north&zoom=z; at first, where data-zoom names no view, with
 *   ?size=width,height, and the answer's `view` is gone to. Each move tells `map:moved` with {lat, lon, zoom}.
 * - data-text-wait is said while an answer takes its time.
 * - Above 300 pins are drawn on a canvas, where no key reaches them: the page has a list of the same.
 *
 * @typedef {"planned" | "done" | "off_site" | "missed" | "account" | "stop" | "share" | "covered" | "uncovered"} Tone told by shape and sign too, never by colour alone
 * @typedef {{id: string, lat: number, lon: number, label: string, sub?: string, url?: string, tone?: Tone, n?: string, class?: string,
 *   count?: number}} Pin `n` or `class` is written on it; with `count` it is a cluster, and a tap zooms in
 * @typedef {{pins?: Pin[], you?: {lat: number, lon: number, accuracy_m?: number}, lines?: [number, number][][],
 *   cells?: {box: [number, number][], step: number}[], view?: {lat: number, lon: number, zoom: number},
 *   center?: [number, number], radius_m?: number}} Pins `cells` are shaded, the more the higher their step (1 to 5)
 */
const MANY = 300;
/** @type {Record<string, string>} */
const SIGNS = { done: "✓", off_site: "!", missed: "×", covered: "✓", uncovered: "×" };
const SLOW_MS = 300; // who waits longer is told

/** @type {Map<HTMLElement, {again: () => void, stop: () => void}>} */
const maps = new Map();
/** @param {Pin} pin */
const toneOf = (pin) => pin.tone ?? (pin.count ? "cluster" : "account");
/** @param {Pin} pin */
const signOf = (pin) => String(pin.n ?? pin.count ?? pin.class ?? SIGNS[toneOf(pin)] ?? "");
/** @param {string} tag @param {string} textContent @param {string} [className] */
const make = (tag, textContent, className = "") => Object.assign(document.createElement(tag), { textContent, className });

/** A drop stands on its place, all other shapes lie over it. @param {string} tone @param {string} sign */
const iconOf = (tone, sign) => {
  const drop = tone === "account" || tone === "pick";
  const place = { iconAnchor: [22, drop ? 42 : 22], popupAnchor: [0, drop ? -34 : -14] };
  return L.divIcon({ className: "pin pin-" + tone, html: make("span", sign), iconSize: [44, 44], ...place });
};

/** @param {Pin} pin */
function popup({ label, sub, url }) {
  const box = make("div", "");
  const head = make(url ? "a" : "strong", label);
  if (url && new URL(url, location.href).protocol.startsWith("http")) head.setAttribute("href", url);
  box.append(head);
  if (sub) box.append(make("p", sub));
  return box;
}

/** No first screen waits for the look of its map. @type {Map<string, Promise<unknown>>} */
const styles = new Map();
/** @param {string} href @returns {Promise<unknown>} when it applies, or will not come */
const styled = (href) => styles.get(href) ?? styles.set(href, new Promise((done) => {
  document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href, onload: done, onerror: done }));
})).get(href) ?? Promise.resolve();

/** @param {HTMLElement} el */
async function start(el) {
  const d = el.dataset;
  const over = new AbortController();
  const { signal } = over;
  const handle = { again: () => {}, stop: () => over.abort() };
  maps.set(el, handle);
  /** @param {URL} url */
  const ask = (url) => fetch(url, { headers: { Accept: "application/json" }, signal });
  /** @type {Promise<Response> | undefined} the first pins come while Leaflet does, where they need no map to be asked for */
  let early;
  if (d.pins && !("follow" in d && d.zoom)) {
    const url = new URL(d.pins, location.href);
    if ("follow" in d) url.searchParams.set("size", [el.clientWidth, el.clientHeight].join());
    early = ask(url);
    early.catch(() => {});
  }
  const looks = Promise.all(d.styles?.split(" ").map(styled) ?? []);
  if (!("L" in window)) await import(d.leaflet ?? "").catch(() => { maps.delete(el); });
  await looks;
  if (signal.aborted) return;
  if (!maps.has(el)) {
    el.textContent = d.textStale ?? ""; // no network: the next swap tries again
    return;
  }

  el.replaceChildren();
  const moves = !matchMedia("(prefers-reduced-motion: reduce)").matches;
  const map = L.map(el, {
    zoomControl: false, attributionControl: !!d.attribution, worldCopyJump: true, minZoom: 1, maxZoom: 19,
    zoomAnimation: moves, fadeAnimation: moves, inertia: moves,
  }).setView([Number(d.lat || 20), Number(d.lon || 0)], Number(d.zoom || 2));
  L.control.zoom({ position: "bottomright", zoomInTitle: d.textZoomIn, zoomOutTitle: d.textZoomOut }).addTo(map);
  L.control.scale({ imperial: false }).addTo(map);
  map.attributionControl?.setPrefix(false).addAttribution(d.attribution ?? "");
  if (d.tiles) {
    L.tileLayer(d.tiles, {
      maxNativeZoom: Number(d.tilesMax || 19), subdomains: d.subdomains ?? "abc",
      referrerPolicy: "strict-origin-when-cross-origin", // public tile servers refuse a request without a Referer
    }).addTo(map);
  }
  for (const more of d.with?.split(" ") ?? []) import(`./map-${more}.js`).then((part) => part.extend(map, el, signal));
  if (d.pick) import("./map-pick.js").then(({ picking }) => picking(map, el, iconOf("pick", ""), signal));

  const said = el.appendChild(make("p", "", "map-stale"));
  said.setAttribute("role", "status");
  const shapes = L.layerGroup().addTo(map), layer = L.layerGroup().addTo(map);
  /** @type {Map<string, any>} */
  const marks = new Map();
  /** @type {((pin: Pin) => any) | undefined} makes a pin of the canvas */
  let dense;
  let fit = () => {}, fitted = "follow" in d && !!d.zoom, turn = 0, source = "";

  /** @param {Pin} pin */
  const put = (pin) => {
    const text = JSON.stringify(pin);
    let mark = marks.get(String(pin.id));
    if (mark?.text === text) return;
    if (!mark) {
      mark = dense ? dense(pin) : L.marker([pin.lat, pin.lon], { icon: iconOf("", "") });
      mark.bindPopup(() => popup(mark.pin), { maxWidth: 260 });
      mark.on("click", () => { if (mark.pin.count) map.closePopup().setView(mark.getLatLng(), map.getZoom() + 2); });
      marks.set(String(pin.id), mark);
    }
    const about = mark.getPopup();
    about.options.autoPan = false; // news never move the view
    Object.assign(mark, { pin, text }).setLatLng([pin.lat, pin.lon]).addTo(layer);
    mark.setIcon?.(iconOf(toneOf(pin), signOf(pin)));
    if (mark.isPopupOpen()) about.update();
    about.options.autoPan = true;
    const words = [pin.count ? "" : pin.n, pin.label, pin.sub, el.getAttribute("data-text-" + toneOf(pin))];
    mark.getElement()?.setAttribute("aria-label", words.filter(Boolean).join(", "));
  };

  /** @param {Pins} all */
  const show = async ({ pins = [], you, lines = [], cells = [], view, center, radius_m }) => {
    if (view && !fitted) map.setView([view.lat, view.lon], view.zoom, { animate: false });
    if (view) fitted = true;
    if (!dense !== pins.length <= MANY) {
      layer.clearLayers();
      marks.clear();
      dense = dense ? undefined : (await import("./map-canvas.js")).canvasPins(map, toneOf, signOf);
    }
    const ids = new Set(pins.map(({ id }) => String(id)));
    for (const [id, mark] of marks) if (!ids.has(id)) layer.removeLayer(mark), marks.delete(id);
    pins.forEach(put);

    shapes.clearLayers();
    const look = (/** @type {string} */ className) => ({ className, interactive: false });
    const circle = (/** @type {any} */ at, radius = 0, name = "") => L.circle(at, { radius, ...look(name) }).addTo(shapes);
    cells.forEach(({ box, step }) => L.rectangle(box, look("map-heat map-heat-" + step)).addTo(shapes));
    lines.forEach((line) => L.polyline(line, look("map-line")).addTo(shapes));
    if (center && radius_m) circle(center, radius_m, "map-area");
    if (you?.accuracy_m) circle(you, you.accuracy_m, "map-accuracy");
    if (you) L.circleMarker(you, { radius: 8, ...look("map-you") }).addTo(shapes);

    const bounds = L.latLngBounds([]);
    [...pins, ...(you ? [you] : []), ...lines.flat()].forEach((at) => bounds.extend(L.latLng(at)));
    if (center) bounds.extend(L.latLng(center).toBounds(2 * (radius_m ?? 500)));
    fit = () => {
      if (fitted || !el.clientHeight || !bounds.isValid()) return;
      fitted = true;
      map.fitBounds(bounds, { padding: [40, 40], maxZoom: 16, animate: false });
    };
    fit();
  };

  const named = () => (d.pinsFrom ? document.querySelector(d.pinsFrom)?.textContent : d.pins) ?? "";
  /** @returns {Promise<Pins>} */
  const read = async () => {
    if (d.pinsFrom) return JSON.parse(source);
    const url = new URL(source, location.href);
    if ("follow" in d) {
      if (fitted) url.searchParams.set("box", map.getBounds().toBBoxString());
      if (fitted) url.searchParams.set("zoom", String(map.getZoom()));
      else url.searchParams.set("size", [el.clientWidth, el.clientHeight].join());
    }
    const asked = early ?? ask(url);
    early = undefined;
    const answer = await asked;
    return answer.ok ? answer.json() : Promise.reject(answer.status);
  };
  const load = async () => {
    const mine = ++turn;
    if (source && source !== named()) fitted = false;
    source = named();
    if (!source) return;
    const slow = setTimeout(() => { if (d.textWait && !signal.aborted) said.textContent = d.textWait; }, SLOW_MS);
    const pins = await read().catch(() => null);
    clearTimeout(slow);
    if (mine !== turn || signal.aborted) return;
    said.textContent = pins ? "" : d.textStale ?? "";
    if (pins) await show(pins);
  };

  const look = () => { if (!document.hidden) load(); };
  const timer = Number(d.refresh) && setInterval(() => el.isConnected ? look() : handle.stop(), Number(d.refresh) * 1000);
  const sizes = new ResizeObserver(() => {
    map.invalidateSize({ animate: false });
    fit(); // if it was hidden when the pins came
  });
  handle.again = () => { if (source !== named()) load(); };
  handle.stop = () => {
    over.abort();
    clearInterval(timer);
    sizes.disconnect();
    maps.delete(el);
    map.remove();
  };
  sizes.observe(el);
  document.addEventListener("map:refresh", load, { signal });
  if (timer) document.addEventListener("visibilitychange", look, { signal });
  if ("follow" in d) map.on("moveend", () => {
    if (!fitted) return;
    const { lat, lng } = map.getCenter().wrap();
    const detail = { lat: lat.toFixed(5), lon: lng.toFixed(5), zoom: String(map.getZoom()) };
    el.dispatchEvent(new CustomEvent("map:moved", { bubbles: true, detail }));
    load();
  });

  map.on("popupopen", (/** @type {any} */ { popup: { _container: box } }) => {
    box.querySelector(".leaflet-popup-close-button").setAttribute("aria-label", d.textClose ?? "×");
    box.querySelector(".leaflet-popup-content a")?.focus({ preventScroll: true });
  });
  map.on("popupclose", (/** @type {any} */ { popup: { _container: box, _source: mark } }) => {
    if (box.contains(document.activeElement)) mark.getElement()?.focus({ preventScroll: true });
  });
  el.addEventListener("keydown", (event) => {
    const on = /** @type {HTMLElement} */ (event.target);
    if (event.key === "Escape") map.closePopup();
    if (event.key === " " && on.matches(".pin")) event.preventDefault(), on.click();
  });
  load().finally(() => { // pins serve without land, and come first
    if (!d.tiles && d.outlines && !signal.aborted) import("./map-outlines.js").then(({ draw }) => draw(map, d)).catch(() => {});
  });
}

/** A map that is not seen costs nothing. */
const sight = new IntersectionObserver((entries) => entries.forEach(({ isIntersecting, target }) => {
  if (!isIntersecting) return;
  sight.unobserve(target);
  if (!maps.has(/** @type {HTMLElement} */ (target))) start(/** @type {HTMLElement} */ (target));
}), { rootMargin: "200px" });

function wire() {
  for (const [el, { stop }] of maps) if (!el.isConnected) stop();
  document.querySelectorAll("[data-map]").forEach((found) => {
    const known = maps.get(/** @type {HTMLElement} */ (found));
    if (known) known.again();
    else sight.observe(found);
  });
}
wire();
document.addEventListener("htmx:after:swap", wire);
