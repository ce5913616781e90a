/**
 * Photos are scaled on the phone; what the camera wrote into them (EXIF) is read before and travels beside them.
 *
 *   <input type="file" name="photo" accept="image/*" capture="environment" data-photo  data-photo-max="1600"
 *          data-photo-exif="photo_exif"  data-photo-preview="#shot"  data-photo-status="#shot-said"
 *          data-text-busy="…"  data-text-ready="%k KB"  data-text-kept="…">
 *   <input type="hidden" name="photo_exif">  <img id="shot" alt="…" hidden>  <output id="shot-said"></output>
 *
 * - The input's file becomes an upright JPEG of at most data-photo-max pixels a side without EXIF, so the plain form posts the
 *   small one; a submit meanwhile waits for it. A file that the browser cannot read stays as it is (data-text-kept).
 * - The hidden input gets JSON {taken_local, offset, lat, lon, make, model} (see exif.js); of a `multiple` input a list of these.
 */
const QUALITY = 0.82;

/** @type {WeakMap<HTMLInputElement, Promise<void>>} */
const pending = new WeakMap();

/** @param {File} file @param {number} max pixels of the longer side @returns {Promise<File>} */
async function scale(file, max) {
  const image = await createImageBitmap(file, { imageOrientation: "from-image" });
  const ratio = Math.min(1, max / Math.max(image.width, image.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(image.width * ratio));
  canvas.height = Math.max(1, Math.round(image.height * ratio));
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.fillStyle = "#fff"; // JPEG has no transparency
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  image.close();
  /** @type {Blob | null} */
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  if (!blob) throw new Error("no JPEG");
  return new File([blob], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg" });
}

/** @param {HTMLInputElement} field */
async function take(field) {
  const { photoMax, photoExif = "", photoPreview, photoStatus, textBusy, textReady, textKept } = field.dataset;
  const files = [...(field.files ?? [])];
  const facts = /** @type {HTMLInputElement | null | undefined} */ (field.form?.elements.namedItem(photoExif));
  const preview = /** @type {HTMLImageElement | null} */ (photoPreview ? document.querySelector(photoPreview) : null);
  const status = photoStatus ? document.querySelector(photoStatus) : null;
  const say = (/** @type {string | undefined} */ text) => { if (status) status.textContent = text ?? ""; };

  if (facts) facts.value = "";
  if (preview) {
    URL.revokeObjectURL(preview.src);
    preview.hidden = true;
  }
  say(files.length ? textBusy : "");
  if (!files.length) return;
  const same = () => files.every((file, i) => field.files?.[i] === file); // no other was chosen meanwhile
  try {
    const { exif } = await import("./exif.js");
    const found = await Promise.all(files.map(exif));
    const small = new DataTransfer();
    if (facts && same()) facts.value = JSON.stringify(field.multiple ? found : found[0]);
    for (const file of files) small.items.add(await scale(file, Number(photoMax) || 1600)); // one by one: memory
    if (!same()) return;
    field.files = small.files;
    if (preview) {
      preview.src = URL.createObjectURL(small.files[0]);
      preview.hidden = false;
    }
    const bytes = [...small.files].reduce((sum, { size }) => sum + size, 0);
    say(textReady?.replace("%k", String(Math.ceil(bytes / 1024))));
  } catch {
    if (same()) say(textKept); // the server scales and strips too
  }
}

/** @param {HTMLInputElement} field */
const start = (field) => {
  const work = take(field).finally(() => pending.get(field) === work && pending.delete(field));
  pending.set(field, work);
};
/** @param {EventTarget | null} form @returns {HTMLInputElement[]} */
const photos = (form) => form instanceof HTMLFormElement ? [...form.querySelectorAll(/** @type {"input"} */ ("input[data-photo]"))] : [];

document.addEventListener("change", ({ target }) => {
  if (target instanceof HTMLInputElement && target.matches("[type=file][data-photo]")) start(target);
});
document.addEventListener("reset", ({ target }) => setTimeout(() => photos(target).forEach(start)));
window.addEventListener("submit", (event) => {
  const work = photos(event.target).map((field) => pending.get(field)).filter(Boolean);
  if (!work.length) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const form = /** @type {HTMLFormElement} */ (event.target);
  Promise.all(work).then(() => form.isConnected && form.requestSubmit(event.submitter));
}, true);
