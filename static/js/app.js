/* What every page does with a script; it works without. */
import { isKept } from "./entry.js";
import { ask, canKeep, isBehind, keep } from "./kept.js";
import { _ } from "./words.js";

/* After the first picture comes what it does not need: scripts of the type "later" (layout.html), and htmx, which costs a phone more
   than all else here, where a page has work for it. What was typed before it came is looked for then. */
const later = (act) => requestAnimationFrame(() => setTimeout(act));
const bring = () => later(() => document.querySelectorAll("script[type=later]").forEach(({ src }) => import(src)));
bring();
document.addEventListener("page:drawn", bring);

const HTMX = "includeIndicatorCSS:false, history:reload, defaultSwap:outerHTML, defaultTimeout:30000";
const early = () => {
  for (const field of document.querySelectorAll("[hx-get] input:not([type=hidden]), input[hx-get]")) {
    if (field.value !== field.defaultValue) field.dispatchEvent(new Event("input", { bubbles: true }));
  }
};
if (!window.htmx && document.querySelector("[hx-get], [hx-post]")) later(() => {
  const src = new URL("../vendor/htmx.org/htmx.min.js", import.meta.url);
  document.head.append(
    Object.assign(document.createElement("meta"), { name: "htmx-config", content: HTMX }),
    Object.assign(document.createElement("script"), { src, onload: () => setTimeout(early) }), // it begins in a timeout, too
  );
});

const offline = () => document.getElementById("offline");
const icon = document.querySelector("link[rel=icon]").href;

/* A key stands for one filled-in form: a kept page would send the old one, and its second note be taken for the first. So do the ids
   of rows that a form will make. Only coming back to a form whose plain post got no answer keeps the key: again must not be twice. */
const keyed = new WeakSet();
const newId = () => self.outbox?.newId() ?? crypto.randomUUID?.();
const giveKeys = (back) => {
  const [action, key] = JSON.parse(sessionStorage.getItem("sent")) ?? [];
  sessionStorage.removeItem("sent");
  for (const field of document.querySelectorAll("input[name=once], [data-kept-at] input[data-new-id]")) {
    if (keyed.has(field) || "kept" in field.dataset) continue;
    keyed.add(field);
    field.value = back && field.name === "once" && field.form.action === action ? key : newId() ?? field.value;
  }
};
const forgetKey = (form) => form.querySelectorAll("input[name=once], input[data-new-id]").forEach((field) => keyed.delete(field));
const setBusy = (form, busy) => busy ? form.setAttribute("aria-busy", true) : form.removeAttribute("aria-busy");
/** Says that nothing goes now: for want of a connection, or why else. */
const setOffline = (lost, why = "") => {
  const line = offline();
  if (!line) return;
  line.textContent = why || _("No connection. What you entered is still here; try again in a moment.");
  line.hidden = !lost;
};
const isThere = async () => {
  try {
    await fetch(icon, { method: "HEAD", cache: "no-store", signal: AbortSignal.timeout(10000) });
    return true;
  } catch {
    return false;
  }
};

giveKeys(performance.getEntriesByType("navigation")[0]?.type === "back_forward");
addEventListener("pageshow", ({ persisted }) => {
  if (!persisted) return;
  for (const form of document.forms) setBusy(form, false), forgetKey(form);
  giveKeys(true);
});
document.addEventListener("page:drawn", () => giveKeys());

/* What is chosen in a row that scrolls sideways is seen. */
for (const chosen of document.querySelectorAll(".chips [aria-current], .segments [aria-current]")) {
  const row = chosen.parentElement.getBoundingClientRect(), own = chosen.getBoundingClientRect();
  if (own.left < row.left || own.right > row.right) chosen.parentElement.scrollLeft += own.left - row.left - (row.width - own.width) / 2;
}

/* One tap, one post. A form of the rep's day is kept on the phone, which then sends it (kept.js); any other leaves when the server
   answers: the browser's own error page would lose what was typed. */
const cleared = new WeakSet();
addEventListener("submit", (event) => {
  if (!event.target.hasAttribute("aria-busy") || cleared.has(event.target)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);
document.addEventListener("submit", async (event) => { // before htmx
  const { target: form, submitter } = event;
  if (event.defaultPrevented || form.method !== "post" || cleared.has(form) || !isKept(form, submitter) || !canKeep()) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  setBusy(form, true);
  try {
    await keep(form, submitter);
  } catch (error) { // the phone is full, or keeps nothing: then it must go now, but not before what it follows
    console.warn(error);
    const there = await isThere(), mayGo = there && !(await isFollowing(form, submitter));
    setOffline(!mayGo, there ? _("This phone can keep nothing more, and what you entered before is not sent yet. This is still in the form: try again when the outbox is empty.")
      : error?.name === "QuotaExceededError" && _("The storage of this phone is full, and there is no connection. What you entered is still in the form: free some storage, or wait for a connection, and try again."));
    if (mayGo) cleared.add(form);
    if (mayGo) setTimeout(() => form.requestSubmit(submitter)); // not while this event is still on its way: that would be ignored
  }
  setBusy(form, false);
}, true);
/** Whether entries that must go first still wait, after they were sent as far as that goes. */
const isFollowing = async (form, submitter) => {
  const look = () => isBehind(form, submitter, true).catch(() => false); // it keeps nothing, so nothing waits
  return await look() && (await ask({ type: "send", now: true }), look());
};
addEventListener("submit", async (event) => {
  const { target: form, submitter } = event;
  if (event.defaultPrevented || form.method !== "post" || form.target) return void cleared.delete(form);
  if (cleared.delete(form)) {
    sessionStorage.setItem("sent", JSON.stringify([form.action, form.elements.once?.value]));
    setTimeout(setBusy, 15000, form); // a download leaves the page here
    return;
  }
  event.preventDefault();
  setBusy(form, true);
  const there = !(await isBehind(form, submitter)) && await isThere();
  setOffline(!there && form.dispatchEvent(new CustomEvent("look:offline", { cancelable: true, detail: { submitter } })));
  if (!there) return setBusy(form, false);
  cleared.add(form);
  form.requestSubmit(submitter);
});
addEventListener("online", () => setOffline(false));

const on = (name, act) => document.addEventListener("htmx:" + name, ({ detail: { ctx } }) => ctx && act(ctx, ctx.sourceElement.closest("form")));
on("before:request", (ctx, form) => form && ctx.request.method === "POST" && setBusy(form, true));
on("finally:request", (ctx, form) => form && setBusy(form, false));
on("after:request", (ctx, form) => {
  setOffline(false);
  if (form && ctx.response.status < 400) forgetKey(form);
});
on("after:swap", () => giveKeys());
on("error", (ctx) => ctx.response || setOffline(true));

/* What is not sent yet stays on the phone, for the same person's next sign-in; whoever signs out is asked. */
const asked = new WeakSet();
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.getAttribute("action") !== "/sign-out" || !self.outbox || cleared.has(form) || asked.delete(form)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const unsent = (await self.outbox.list()).filter(({ state }) => state !== "sent"), question = document.getElementById("unsent");
  form.elements.keep?.remove();
  form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "keep", value: unsent.length ? "1" : "0" }));
  if (question && unsent.some(({ person }) => person === document.documentElement.dataset.person)) {
    form.before(question.content.cloneNode(true)); // the same button then signs out
    question.remove();
    return;
  }
  asked.add(form);
  form.requestSubmit();
}, true);

/* Steppers, and the way out of an opened question. */
addEventListener("click", ({ target }) => {
  const step = target.closest("[data-step]");
  if (step) {
    const field = step.parentNode.querySelector("input");
    step.dataset.step < 0 ? field.stepDown() : field.stepUp();
    for (const name of ["input", "change"]) field.dispatchEvent(new Event(name, { bubbles: true }));
  }
  const question = target.closest("[data-close]")?.closest("details");
  if (question) close(question);
});

/* A question opens in view, whatever stands below it, and goes by Escape. */
const close = (question) => { question.open = false; question.firstElementChild.focus(); };
addEventListener("toggle", ({ target }) => {
  if (!target.matches("details.dialog") || !target.open) return;
  target.scrollIntoView({ block: "center" });
  target.querySelector("input:not([type=hidden]), textarea, select")?.focus({ preventScroll: true });
}, true);
addEventListener("keydown", ({ key, target }) => {
  const question = key === "Escape" && target.closest?.("details.dialog[open]");
  if (question) close(question);
});

/* Back to the list as it was, with its filters. */
const up = document.querySelector(".bar .back");
const before = document.referrer && new URL(document.referrer);
if (up && before.origin === location.origin && before.pathname === up.pathname) up.href = before.href;

/* Light or dark: the server reads the cookie, so no page flashes. */
addEventListener("change", ({ target }) => {
  if (target.name !== "theme") return;
  document.documentElement.dataset.theme = target.value;
  document.cookie = `theme=${target.value};path=/;max-age=31536000;samesite=lax`;
});
