/* What every page does with a script: keys, double taps, steppers, lost connections, the theme. All of it is optional. */

const offline = document.getElementById("offline");
const posts = (form) => form.method === "post" || form.hasAttribute("hx-post"); // without `method`, form.method says "get"

/* A key stands for one filled-in form. A page kept by the browser would send the old one again, and the server would
   take the second note for the first; so the page makes its own. Only where a native post never got its answer
   (the next page of ours has not been shown) the old key stays: sending again must not do it twice. */
const keyed = new WeakSet();
const unanswered = sessionStorage.getItem("sent");
sessionStorage.removeItem("sent");

function giveKeys(kept) {
  for (const field of document.querySelectorAll("input[name=once]")) {
    if (keyed.has(field)) continue;
    keyed.add(field);
    if (field.value !== kept) field.value = crypto.randomUUID();
  }
}
giveKeys(unanswered);

const forget = (form) => form?.querySelectorAll("input[name=once]").forEach((field) => keyed.delete(field));

function settle(form) {
  form?.removeAttribute("aria-busy");
}

addEventListener("pageshow", (event) => {
  if (!event.persisted) return; // a page just loaded has fresh keys already
  const sent = sessionStorage.getItem("sent");
  sessionStorage.removeItem("sent");
  document.querySelectorAll("form").forEach((form) => { settle(form); forget(form); });
  giveKeys(sent);
});

/* One tap, one post. */
addEventListener("submit", (event) => {
  if (event.target.getAttribute("aria-busy") === "true") {
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}, true);

addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || !posts(form) || form.target) return;
  if (!navigator.onLine) {
    event.preventDefault();
    offline.hidden = false;
    return;
  }
  form.setAttribute("aria-busy", "true");
  sessionStorage.setItem("sent", form.elements.once?.value ?? "");
  setTimeout(settle, 15000, form); // an answer that is a download leaves the page where it is
});

const formOf = (event) => event.detail.ctx?.sourceElement?.closest("form");
const on = (name, act) => document.addEventListener("htmx:" + name, act);

on("before:request", (event) => { if (event.detail.ctx.request.method === "POST") formOf(event)?.setAttribute("aria-busy", "true"); });
on("finally:request", (event) => settle(formOf(event)));
on("after:request", (event) => {
  offline.hidden = true;
  if (event.detail.ctx.response.status < 400) forget(formOf(event));
});
on("after:swap", () => giveKeys());
on("error", (event) => { if (event.detail.ctx && !event.detail.ctx.response) offline.hidden = false; });
addEventListener("online", () => { offline.hidden = true; });

/* Steppers, and the way out of an opened question. */
addEventListener("click", (event) => {
  const step = event.target.closest?.("[data-step]");
  if (step) {
    const field = step.parentNode.querySelector("input");
    step.dataset.step < 0 ? field.stepDown() : field.stepUp();
    for (const name of ["input", "change"]) field.dispatchEvent(new Event(name, { bubbles: true }));
  }
  const question = event.target.closest?.("[data-close]")?.closest("details");
  if (question) {
    question.open = false;
    question.firstElementChild.focus();
  }
});

/* Light or dark by choice; the server reads the cookie, so that no page flashes. */
addEventListener("change", ({ target }) => {
  if (target.name !== "theme") return;
  document.documentElement.dataset.theme = target.value;
  document.cookie = `theme=${target.value};path=/;max-age=31536000;samesite=lax`;
});
