/**
 * The phone's share sheet, with the file itself where the phone takes files.
 *
 *   <a href="/contracts/1.pdf" download>PDF</a>                      (always there: the way without this module)
 *   <button type="button" hidden data-share  data-share-url="/contracts/1.pdf"  data-share-name="C-0001.pdf"
 *           data-share-type="application/pdf"  data-share-title="…"  data-share-text="…"  data-share-link="https://…"
 *           data-share-status="#said"  data-text-busy="…"  data-text-ready="Tap again to share"  data-text-failed="…">
 *   <output id="said"></output>
 *
 * - Shown only where the browser can share. data-share-url is same-origin and fetched on pointerdown or focus, so that it is there
 *   at the click; came it too late for the user's gesture, data-text-ready asks for a second tap.
 * - Without data-share-url, or where files cannot be shared, data-share-link (or else the file's address) and the text are shared.
 */
/** @type {WeakMap<HTMLElement, Promise<File>>} */
const files = new WeakMap();

/** @param {HTMLElement} button @returns {Promise<File>} fetched once; again after a failure */
function file(button) {
  const { shareUrl = "", shareName = "document.pdf", shareType = "application/pdf" } = button.dataset;
  const known = files.get(button);
  if (known) return known;
  const fetched = fetch(shareUrl).then(async (answer) => {
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status)); // a sign-in page is not the document
    return new File([await answer.blob()], shareName, { type: shareType });
  });
  files.set(button, fetched);
  fetched.catch(() => files.delete(button));
  return fetched;
}

/** @param {HTMLElement} button */
async function share(button) {
  const { shareUrl, shareName, shareType, shareLink, shareTitle: title, shareText: text, shareStatus, ...says } = button.dataset;
  const status = shareStatus ? document.querySelector(shareStatus) : null;
  const say = (/** @type {string | undefined} */ words) => { if (status) status.textContent = words ?? ""; };
  const url = shareLink || shareUrl;
  /** @type {ShareData} */
  let what = { title, text, url: url && new URL(url, location.href).href };
  try {
    if (takesFiles() && shareUrl) {
      say(says.textBusy);
      what = { title, text, files: [await file(button)] };
    }
    await navigator.share(what);
    say("");
  } catch (error) {
    const name = error instanceof Error ? error.name : "";
    if (name === "AbortError") say(""); // closed by the user
    else if (name === "NotAllowedError" && what.files) say(says.textReady); // the gesture is too long ago
    else if (name !== "InvalidStateError") say(says.textFailed); // that one: the sheet is already open
  }
}

const takesFiles = () => {
  const probe = new File([" "], "probe.pdf", { type: "application/pdf" });
  return Boolean(navigator.canShare?.({ files: [probe] }));
};
/** @param {Event} event @returns {HTMLElement | null} */
const target = (event) => event.target instanceof Element ? event.target.closest("[data-share]") : null;

const prefetch = (/** @type {Event} */ event) => {
  const button = target(event);
  if (button?.dataset.shareUrl && takesFiles()) file(button).catch(() => {});
};
const wire = () => document.querySelectorAll("[data-share][hidden]").forEach((button) => button.removeAttribute("hidden"));

if ("share" in navigator) {
  for (const name of ["pointerdown", "focusin"]) document.addEventListener(name, prefetch);
  document.addEventListener("click", (event) => {
    const button = target(event);
    if (button) share(button);
  });
  wire();
  document.addEventListener("htmx:after:swap", wire);
}
