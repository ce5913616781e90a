/** The pixels' work of photo.js, which loads this as its worker, and as a module where a browser's workers cannot draw. */
const QUALITY = 0.82;
const inWorker = typeof document === "undefined";

/**
 * @param {Blob} file
 * @param {number} max pixels of the longer side
 * @returns {Promise<Blob>} an upright JPEG without EXIF; rejected where the browser cannot read the file
 */
export async function scale(file, max) {
  const image = await createImageBitmap(file, { imageOrientation: "from-image" });
  const ratio = Math.min(1, max / Math.max(image.width, image.height));
  const [width, height] = [image.width, image.height].map((side) => Math.max(1, Math.round(side * ratio)));
  const canvas = inWorker ? new OffscreenCanvas(width, height) : Object.assign(document.createElement("canvas"), { width, height });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.fillStyle = "#fff"; // JPEG has no transparency
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, width, height);
  image.close();
  if (inWorker) return canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
  return new Promise((resolve, reject) => canvas.toBlob((blob) => blob ? resolve(blob) : reject(new Error("no JPEG")), "image/jpeg", QUALITY));
}

if (inWorker) onmessage = async ({ data: { file, max } }) => postMessage(await scale(file, max).catch(() => null));
