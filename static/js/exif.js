/** What a camera wrote into a JPEG (EXIF 2.32, CIPA DC-008): photo.js loads this with the first photo. */
const HEAD_BYTES = 262_144; // EXIF stands in the first segments, of 64 KB at most each

/**
 * The few values worth keeping, each only where it is found. Broken data ends the reading; what came before it counts.
 * @param {Blob} file
 * @returns {Promise<Record<string, string | number>>} taken_local (ISO, in the camera's zone), offset (+08:00), lat and lon
 *   (degrees WGS-84), make, model
 */
export async function exif(file) {
  /** @type {Record<string, string | number>} */
  const found = {};
  const buffer = await file.slice(0, HEAD_BYTES).arrayBuffer();
  try {
    read(buffer, found);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // a RangeError is a pointer out of the file
  }
  return found;
}

/** @param {ArrayBuffer} buffer @param {Record<string, string | number>} found */
function read(buffer, found) {
  const view = new DataView(buffer);
  if (view.getUint16(0) !== 0xffd8) return;
  let at = 2;
  while (view.getUint16(at) !== 0xffe1 || view.getUint32(at + 4) !== 0x45786966) { // APP1, "Exif"
    if (view.getUint8(at) !== 0xff || view.getUint16(at) === 0xffda) return; // no marker, or the picture itself
    at += 2 + view.getUint16(at + 2);
  }
  const tiff = at + 10;
  const little = view.getUint16(tiff) === 0x4949;
  const u16 = (/** @type {number} */ i) => view.getUint16(tiff + i, little);
  const u32 = (/** @type {number} */ i) => view.getUint32(tiff + i, little);

  /** Tag to the place of its entry. @param {number} [start] @returns {Map<number, number>} */
  const directory = (start) => {
    const entries = new Map();
    if (start !== undefined) for (let i = Math.min(u16(start), 200); i--;) entries.set(u16(start + 2 + i * 12), start + 2 + i * 12);
    return entries;
  };
  /** @param {Map<number, number>} entries @param {number} tag */
  const text = (entries, tag) => {
    const entry = entries.get(tag);
    if (entry === undefined || u16(entry + 2) !== 2) return "";
    const length = u32(entry + 4);
    const bytes = new Uint8Array(buffer, tiff + (length > 4 ? u32(entry + 8) : entry + 8), Math.min(length, 64));
    return new TextDecoder().decode(bytes).split("\0")[0].trim();
  };
  /** Three fractions: degrees, minutes, seconds. @param {Map<number, number>} entries @param {number} tag @param {string} negative */
  const degrees = (entries, tag, negative) => {
    const entry = entries.get(tag + 1);
    if (entry === undefined || u16(entry + 2) !== 5 || u32(entry + 4) !== 3) return NaN;
    const part = (/** @type {number} */ i) => u32(u32(entry + 8) + i * 8) / u32(u32(entry + 8) + i * 8 + 4);
    return (part(0) + part(1) / 60 + part(2) / 3600) * (text(entries, tag) === negative ? -1 : 1);
  };
  const inner = (/** @type {number} */ tag) => {
    const entry = main.get(tag);
    return directory(entry && u32(entry + 8));
  };

  const main = directory(u32(4));
  if (text(main, 0x010f)) found.make = text(main, 0x010f);
  if (text(main, 0x0110)) found.model = text(main, 0x0110);

  const shot = inner(0x8769);
  const taken = /^(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)$/.exec(text(shot, 0x9003));
  if (taken) found.taken_local = `${taken[1]}-${taken[2]}-${taken[3]}T${taken[4]}`;
  const offset = text(shot, 0x9011);
  if (/^[+-]\d\d:\d\d$/.test(offset)) found.offset = offset;

  const gps = inner(0x8825);
  const lat = degrees(gps, 1, "S"), lon = degrees(gps, 3, "W");
  if (Math.abs(lat) <= 90 && Math.abs(lon) <= 180) [found.lat, found.lon] = [+lat.toFixed(6), +lon.toFixed(6)];
}
