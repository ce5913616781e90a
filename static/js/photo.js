/**
 * Photos are scaled on the phone; what the camera wrote into them (EXIF) is read before and travels beside them.
 *
 *   <input type="file" name="photo" accept="image/*" capture="environment" data-photo  data-photo-max="1600"
 *          data-photo-most="12000000"  data-photo-exif="photo_exif"  data-photo-preview="#shot"  data-photo-status="#shot-said"
 *          data-text-missing="…"  data-text-busy="…"  data-text-ready="%k KB"  data-text-kept="…"  data-text-too-large="… %m MB …">
 *   <input type="hidden" name="photo_exif">  <img id="shot" alt="…" hidden>  <output id="shot-said"></output>
 *
 * - The input's file becomes an upright JPEG of at most data-photo-max pixels a side without EXIF, so the plain form posts the
 *   small one; a submit meanwhile waits for it. A file that the browser cannot read stays as it is (data-text-kept).
 * - What is above data-photo-most bytes after all (the server takes no more) stays chosen, says data-text-too-large, and holds the
 *   form back until another is chosen. So does, with data-text-missing, a `required` one without a file.
 * - The hidden input gets JSON {taken_local, offset, lat, lon, make, model} (see exif.js); of a `multiple` input a list of these.
 * - data-photo-state of the input says how far it is: busy, ready, kept, too-large or nothing. `photo:done` bubbles from it
 *   whenever that is no longer busy, with the detail of the change event. Where that is {ready: true} (draft.js), the files were
 *   scaled before.
 */

/** @type {WeakMap<HTMLInputElement, Promise<void>>} */
const pending = new WeakMap();

/**
 * Scaled in a worker: decoding, drawing and packing 12 million pixels would hold the page for 160 ms and more.
 * @param {File} file @param {number} max pixels of the longer side @returns {Promise<File>} rejected for what is no picture here
 */
async function scale(file, max) {
  const address = new URL("./photo-scale.js", import.meta.url).href;
  const blob = await beside(address, { file, max })
    .catch(async () => (await import(address)).scale(file, max)); // browsers whose workers cannot draw
  return new File([blob], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg" });
}

/** @param {string} address @param {{file: File, max: number}} task @returns {Promise<Blob>} */
async function beside(address, task) {
  const worker = new Worker(address, { type: "module" }); // one for each photo: its memory goes with it
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => data ? resolve(data) : reject(new Error("no picture"));
    worker.onerror = reject;
    worker.postMessage(task);
  }).finally(() => worker.terminate());
}

/** @typedef {{ready?: boolean}} How of the change event: ready where the files were scaled before */

/** @param {HTMLInputElement} field @param {How} [detail] */
async function take(field, detail) {
  const { photoMax, photoMost, photoExif = "", photoPreview, photoStatus, textBusy, textReady, textKept, textTooLarge } = field.dataset;
  const files = [...(field.files ?? [])], ready = detail?.ready;
  const facts = /** @type {HTMLInputElement | null | undefined} */ (field.form?.elements.namedItem(photoExif));
  const preview = /** @type {HTMLImageElement | null} */ (photoPreview ? document.querySelector(photoPreview) : null);
  const status = photoStatus ? document.querySelector(photoStatus) : null;
  const say = (/** @type {string} */ state, /** @type {string | undefined} */ text, bytes = 0) => {
    field.dataset.photoState = state;
    state === "too-large" ? field.setAttribute("aria-invalid", "true") : field.removeAttribute("aria-invalid");
    status?.classList.toggle("field-error", state === "too-large");
    if (status) status.textContent = text?.replace("%k", String(Math.ceil(bytes / 1024))).replace("%m", String(Math.ceil(bytes / 1e6))) ?? "";
    if (state !== "busy") field.dispatchEvent(new CustomEvent("photo:done", { bubbles: true, detail }));
  };

  if (facts && !ready) facts.value = "";
  if (preview) {
    URL.revokeObjectURL(preview.src);
    preview.hidden = true;
  }
  if (!files.length) return say("", "");
  const same = () => files.every((file, i) => field.files?.[i] === file); // no other was chosen meanwhile
  let state = "ready";
  if (!ready) try {
    say("busy", textBusy);
    const { exif } = await import("./exif.js");
    const found = await Promise.all(files.map(exif));
    const small = new DataTransfer();
    if (facts && same()) facts.value = JSON.stringify(field.multiple ? found : found[0]);
    for (const file of files) small.items.add(await scale(file, Number(photoMax) || 1600)); // one by one: memory
    if (!same()) return;
    field.files = small.files;
  } catch {
    if (!same()) return;
    state = "kept"; // the server scales and strips too
  }
  const chosen = [...(field.files ?? [])];
  const bytes = chosen.reduce((sum, { size }) => sum + size, 0);
  if (bytes > (Number(photoMost) || Infinity)) return say("too-large", textTooLarge, bytes);
  if (preview && state === "ready") {
    preview.src = URL.createObjectURL(chosen[0]);
    preview.hidden = false;
  }
  say(state, state === "ready" ? textReady : textKept, bytes);
}

/** @param {HTMLInputElement} field @param {How} [detail] */
const start = (field, detail) => {
  const work = take(field, detail).finally(() => pending.get(field) === work && pending.delete(field));
  pending.set(field, work);
};
/** @param {EventTarget | null} form */
const missing = (form) => photos(form).find((field) => field.required && field.dataset.textMissing && !field.files?.length);
/** @param {EventTarget | null} form @returns {HTMLInputElement[]} */
const photos = (form) => form instanceof HTMLFormElement ? [...form.querySelectorAll(/** @type {"input"} */ ("input[data-photo]"))] : [];

document.addEventListener("change", (event) => {
  const { target, detail } = /** @type {CustomEvent} */ (event);
  if (target instanceof HTMLInputElement && target.matches("[type=file][data-photo]")) start(target, detail);
});
document.addEventListener("reset", ({ target }) => setTimeout(() => photos(target).forEach((field) => start(field))));
window.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  const work = photos(form).map((field) => pending.get(field)).filter(Boolean);
  const empty = missing(form), refused = empty ?? photos(form).find((field) => field.dataset.photoState === "too-large");
  if (empty) {
    const status = document.querySelector(empty.dataset.photoStatus || "-");
    empty.setAttribute("aria-invalid", "true");
    status?.classList.add("field-error");
    if (status) status.textContent = empty.dataset.textMissing ?? "";
  }
  if (!work.length && !refused) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (work.length) Promise.all(work).then(() => form.isConnected && form.requestSubmit(event.submitter));
  else refused?.focus();
}, true);
