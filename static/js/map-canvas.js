/** Pins by the thousand for map.js: Leaflet's canvas circles, with the shapes and signs that css/map.css gives the others. */

/** Corners, turn, hollow. @type {Record<string, [number, number, boolean?]>} */
const SHAPES = {
  planned: [0, 0, true], done: [0, 0], off_site: [4, 0], missed: [4, Math.PI / 4, true], account: [3, Math.PI / 2],
  stop: [4, Math.PI / 4], cluster: [0, 0], share: [4, Math.PI / 4], covered: [0, 0], uncovered: [4, Math.PI / 4, true],
};

/**
 * @typedef {import("./map.js").Pin} Pin
 * @param {any} map a Leaflet map
 * @param {(pin: Pin) => string} toneOf
 * @param {(pin: Pin) => string} signOf
 * @returns {(pin: Pin) => any} makes one pin, a Leaflet layer
 */
export function canvasPins(map, toneOf, signOf) {
  const style = getComputedStyle(map.getContainer());
  const renderer = L.canvas({ padding: 0.3 });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => renderer._map && renderer._update());

  const CanvasPin = L.CircleMarker.extend({
    _updatePath() { // Leaflet 1.9's one place where a canvas layer draws itself
      const { pin, _point: { x, y }, _radius: r, _renderer: { _ctx: context, _drawing: drawing } } = this;
      if (!drawing || this._empty()) return;
      const [corners, turn, hollow] = SHAPES[toneOf(pin)] ?? SHAPES.account;
      const ink = style.getPropertyValue("--pin-" + toneOf(pin));
      const ground = style.getPropertyValue("--sheet");
      context.beginPath();
      if (!corners) context.arc(x, y, r, 0, 7);
      for (let i = 0; i < corners; i++) {
        const angle = turn + i * 2 * Math.PI / corners;
        context.lineTo(x + 1.25 * r * Math.cos(angle), y + 1.25 * r * Math.sin(angle));
      }
      context.closePath();
      Object.assign(context, { fillStyle: hollow ? ground : ink, strokeStyle: hollow ? ink : ground, lineWidth: hollow ? 2.5 : 1.5 });
      context.fill();
      context.stroke();
      const written = { font: "bold 11px sans-serif", textAlign: "center", textBaseline: "middle" };
      Object.assign(context, { fillStyle: hollow ? ink : ground, ...written });
      context.fillText(signOf(pin), x, y);
    },
  });
  return (pin) => Object.assign(new CanvasPin([pin.lat, pin.lon], { renderer, radius: 10 }), { pin });
}
