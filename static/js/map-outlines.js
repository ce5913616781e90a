/** The ground of a map without a tile server: land, coasts and borders from world-atlas (Natural Earth, public domain). */

/** @param {any} map a Leaflet map @param {DOMStringMap} addresses outlines: TopoJSON; topojson: the library that reads it */
export async function draw(map, { outlines = "", topojson: library = "" }) {
  const [answer] = await Promise.all([fetch(outlines), "topojson" in window || import(library)]);
  const world = await answer.json();
  const { land, countries } = world.objects;
  map.createPane("outlines").style.zIndex = "250"; // under the shapes and pins
  const options = { interactive: false, pane: "outlines", renderer: L.svg({ pane: "outlines", padding: 0.5 }) };
  const whole = topojson.feature(world, land);
  for (const { geometry } of whole.features) {
    // Antarctica, which goes round the pole, is left out.
    geometry.coordinates = geometry.coordinates.filter(isOffThePole);
    geometry.coordinates.flat().forEach(unroll);
  }
  L.geoJSON(whole, { ...options, className: "map-land" }).addTo(map);
  const borders = topojson.mesh(world, countries, (/** @type {object} */ a, /** @type {object} */ b) => a !== b);
  L.geoJSON(borders, { ...options, className: "map-border" }).addTo(map);
}

/** @param {[number, number][][]} polygon its rings, the outer one first */
const isOffThePole = ([outer]) => outer.every(([, lat]) => lat > -85);

/**
 * Goes on beyond 180 degrees where a ring crosses the antimeridian: on a flat map it would jump across the world.
 * @param {[number, number][]} ring degrees longitude, latitude; changed in place
 */
function unroll(ring) {
  for (let i = 1; i < ring.length; i++) ring[i][0] += 360 * Math.round((ring[i - 1][0] - ring[i][0]) / 360);
}
