/**
 * Whoever has filled in what a visit asks and then checks out has not lost it: what is not saved yet is kept before.
 *
 *   <form data-task data-to="…">…</form>     saved on its own, by its own button
 *   <form id="report">…</form>               before this one is posted, tasks that somebody has begun are
 *
 * Without a service worker the post leaves the page at once; what was filled in is then a draft (drafts.js).
 */
import { canKeep, keep, mark } from "./kept.js";

const begun = new Set();
let saving = false;
for (const name of ["input", "change"]) addEventListener(name, ({ isTrusted, target }) => isTrusted && target.form?.matches("[data-task]") && begun.add(target.form), true);
for (const name of ["outbox:kept", "reset"]) addEventListener(name, ({ target }) => begun.delete(target), true);

/* What was saved from this phone and is not on the page yet is no news of the next time: each `shown-…` says what its `answer-…` was. */
document.addEventListener("outbox:news", ({ detail }) => {
  for (const form of document.querySelectorAll("form[data-task]")) {
    const saved = detail.filter(({ url, state }) => state !== "refused" && url === form.getAttribute("action")).at(-1);
    for (const [name, value] of saved?.fields ?? []) {
      const shown = name.startsWith("answer-") && form.elements.namedItem(name.replace("answer-", "shown-"));
      if (shown) shown.value = value;
    }
  }
});
mark().catch(() => {}); // it may have been called before

/** Whether something of the form would be lost. */
const isBegun = (form) => (begun.has(form) || form.querySelector("[type=file]")?.files.length) && !form.querySelector("[data-photo-state=too-large]");
/** A photo is made smaller first (photo.js). */
const ready = (form) => new Promise((resolve) => {
  const photo = form.querySelector("[data-photo-state=busy]");
  photo ? photo.addEventListener("photo:done", resolve, { once: true }) : resolve();
});

/* At the window, and so before app.js keeps the report. */
addEventListener("submit", async (event) => {
  const { target, submitter } = event;
  const unsaved = [...document.querySelectorAll("form[data-task]")].filter(isBegun);
  if (target.id !== "report" || event.defaultPrevented || !(unsaved.length || saving) || !canKeep()) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (saving) return; // a second tap
  saving = true;
  begun.clear();
  for (const form of unsaved) {
    await ready(form);
    await keep(form, form.querySelector("button[type=submit]")).catch(console.warn); // the phone is full: the report says so
  }
  saving = false;
  // Where nothing else was begun the page is another one by now, as the phone shows it.
  const action = submitter?.getAttribute("formaction");
  document.getElementById("report")?.requestSubmit(document.querySelector(action ? `#report [formaction="${action}"]` : "[form=report]"));
}, true);
