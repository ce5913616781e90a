/**
 * Half-written forms and taken photos survive a closed tab, a tap on the bottom bar and a crash. The work is draft.js's, which comes
 * once there is something to keep or to bring back.
 *
 * - Needs <html data-person>, outbox.js (`outbox.open()`, the database with the store "draft"), and to be loaded after app.js, whose
 *   listeners for a submit must come first.
 * - Forms: each form[method=post] that is kept on the phone (data-to: its own, around it, or of a button), and the order form (#order).
 *   No passwords, no searches, no form with a file that is no photo ([data-photo]). `once` and inputs with data-new-id are never part.
 * - A draft: key [person, path of the page, action of the form and the ids in its hidden inputs], value {at, fields: {name: [value or
 *   File]}, ready}. So the form of another row, or of another person, never gets it. A hidden `version` comes back with the text that
 *   was written to it: where the row has changed since, the server shows both.
 * - Events: `draft:restore` (cancelable, detail.fields: {name: [values]}) bubbles from the form before its fields are set; whoever
 *   prevents it has set them itself. Then each field set gets input and change, with detail {brought: true, ready}. `draft:discard`
 *   after the form is reset.
 * - A draft goes with `outbox:kept` (bubbling from the form), with a plain post that would be kept, by Discard, after 14 days; all of
 *   a person's when they sign out.
 */
export const { person } = document.documentElement.dataset;
export const forms = new Map(); // each form of the day, with the page it stands in and its hidden inputs as they came
export const typed = new WeakSet(); // fields

export const open = async (act) => {
  const change = (await outbox.open()).transaction("draft", "readwrite");
  if (act(change.objectStore("draft")) instanceof IDBRequest) change.commit(); // a page that goes does not live to do it
  return new Promise((done, fail) => { change.oncomplete = done; change.onabort = fail; });
};
/* Nobody finds the drafts of who has signed out. */
export const forget = (whose) => open((drafts) => drafts.delete(IDBKeyRange.bound([whose], [whose, []])));
addEventListener("submit", ({ defaultPrevented, target }) => {
  if (person && !defaultPrevented && target.getAttribute("action") === "/sign-out") forget(person).catch(() => {});
});

const wire = () => {
  for (const form of document.querySelectorAll("form[method=post]")) {
    if (forms.has(form) || form.querySelector("[type=file]:not([data-photo])")) continue;
    if (form.id !== "order" && !form.closest("[data-to]") && ![...form.elements].some((part) => part.matches("[data-to]"))) continue;
    const came = [...form.elements].filter(({ type }) => type === "hidden").map((field) => [field, field.value]);
    forms.set(form, { path: location.pathname, came: new Map(came) });
  }
  if (person && forms.size) open((drafts) => drafts.count().onsuccess = async ({ target: { result } }) => {
    if (result) (await import("./draft.js")).bring();
  }).catch(() => {});
};
addEventListener("focusin", ({ target }) => person && forms.has(target.form) && import("./draft.js")); // there in time
for (const name of ["input", "change", "photo:done"]) addEventListener(name, async ({ target, detail, isTrusted }) => {
  if (isTrusted) typed.add(target);
  if (person && forms.has(target.form) && !detail?.brought) (await import("./draft.js")).touch(target.form);
});
/* What is kept or posted needs no draft any more; also where that comes before draft.js. */
const isPosted = ({ target, submitter }) => submitter?.matches("[data-to]") || target.closest("[data-to]"); // the rest looks
for (const name of ["outbox:kept", "submit"]) addEventListener(name, async (event) => {
  const { defaultPrevented, target, type } = event;
  if (!defaultPrevented && forms.has(target) && (type === "outbox:kept" || isPosted(event))) (await import("./draft.js")).drop(target);
});
document.addEventListener("htmx:after:swap", wire);
document.readyState === "complete" ? wire() : addEventListener("DOMContentLoaded", wire);
