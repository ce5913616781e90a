/**
 * What waits on the phone, as every page shows it: the sign in the bar, and on a page or row what it does not know of yet.
 *
 *   <html data-person="id of whoever is signed in"  data-kept-at="ms; set by the service worker on a page from the phone">
 *   <a id="outbox" href="/outbox" hidden><b></b><small></small></a>    how many wait, and how old the oldest is
 *   <p id="age" hidden></p>                                            how old the page is
 *
 * Forms say by attributes what they are (CONTRIBUTING.md, "Without signal"). keep(form, submitter) keeps a post and shows the changed
 * screen; draw(html, address) puts a page in place of this one and dispatches `page:drawn`.
 */
import { addressesOf, addressOf, entered, entryOf, make, parse, pictureOf, said, setFields } from "./entry.js";
import { _ } from "./words.js";

const { outbox } = self;
const channel = new BroadcastChannel("fieldbook");
const root = document.documentElement;
const sign = () => document.getElementById("outbox");
const clock = (at) => new Date(at).toLocaleTimeString(root.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const path = (address) => new URL(address, location.href).pathname;

/** Whether this page may keep posts: somebody is signed in, and a service worker can send them. */
export const canKeep = () => Boolean(root.dataset.person && navigator.serviceWorker && outbox && worker);
let worker = isSecureContext && "serviceWorker" in navigator;
let pageAt = 0, awaited = "", drawing;

/** Forms that somebody has begun to fill in: they are not taken from under the fingers. */
const begun = new Set();
const isBegun = () => [...begun].some((form) => form.isConnected && !form.hidden);
/** What else is not taken away while somebody is at it: what the server found wrong, a draft, an open question. */
const BUSY = ".errors, [data-draft], [data-replaces], details.dialog[open], input:focus, textarea:focus, select:focus";

/** Tells the service worker; resolves when it has done so, false without one. */
export async function ask(message) {
  const registration = await Promise.race([navigator.serviceWorker.ready, new Promise((resolve) => setTimeout(resolve, 8000))]);
  if (!registration) return false;
  const { port1, port2 } = new MessageChannel();
  const done = new Promise((resolve) => { port1.onmessage = () => resolve(true); });
  registration.active.postMessage(message, [port2]);
  return done;
}

export const mine = async () => (await outbox.list()).filter(({ person }) => person === root.dataset.person);

/* --- Keeping ---------------------------------------------------------------------------------------------------------------- */

/** Whether a plain post of the form must not go yet: its row is known to this phone alone, so that the server could not answer; or,
 *  `inOrder`, an entry of the same rows waits that it would overtake. */
export async function isBehind(form, submitter, inOrder = false) {
  if (!canKeep()) return false;
  const ids = outbox.idsIn([addressOf(form, submitter), ...new FormData(form).values()].join(" "));
  return (await mine()).some((entry) => (entry.state !== "sent" && ids.includes(entry.opens))
    || (inOrder && entry.state === "waiting" && entry.ids.some((id) => ids.includes(id))));
}

/* A form stays where its screen is not on the phone. What is then entered in it is something new, and needs keys of its own:
   under the old one it would be taken for a second tap. */
const keptFrom = new WeakMap();
const giveNewKeys = (form) => form.querySelectorAll("input[name=once], input[data-new-id]").forEach((field) => { field.value = outbox.newId(); });

/** Keeps the post and shows its screen. Rejects, and nothing is changed, where the phone cannot keep it. */
export async function keep(form, submitter) {
  const url = addressOf(form, submitter), words = entered(form, url);
  if ((keptFrom.get(form) ?? words) !== words) giveNewKeys(form);
  const entry = entryOf(form, submitter), { opens } = entry;
  const again = opens && (await mine()).find((each) => each.state === "refused" && each.opens === opens && each.url === url);
  await outbox.keep(entry, Number(form.dataset.replaces) || again?.seq || 0);
  keptFrom.set(form, words);
  delete form.dataset.replaces;
  await answer(form, entry).catch(console.warn); // it is kept: whatever goes wrong now must not send it a second time
}

/** Has a kept entry sent, and shows what it changed. */
async function answer(form, entry) {
  navigator.storage?.persist?.();
  localStorage.kept = 1; // install.js asks then to put the app on the home screen
  form.dispatchEvent(new CustomEvent("outbox:kept", { bubbles: true, detail: entry }));
  begun.delete(form);
  awaited = entry.key;
  ask({ type: "send", key: entry.key });
  navigator.serviceWorker.ready.then(({ sync }) => sync?.register("outbox")).catch(() => {}); // goes on when the tab is closed
  if (isBegun() && path(entry.to) === location.pathname) { // another form of this page is half written
    form.reset();
    keptFrom.delete(form);
    giveNewKeys(form);
    return mark();
  }
  await mark(); // said at once; then the screen
  if (navigator.serviceWorker.controller) await open(entry.to);
}

/** Shows a page as the phone knows it; false where it knows none. */
async function open(address) {
  const answer = await fetch(address, { headers: { "Outbox-Screen": "1" } }).catch(() => null);
  if (!answer?.ok || !answer.headers.has("Outbox-At")) return false;
  const text = await answer.text();
  if (!isBegun()) await draw(text, address); // somebody writes already
  return true;
}

/** Where the page itself begins on the screen, below what the phone says of it. */
const topOf = () => document.querySelector("#main .stack > :not(.is-kept)")?.getBoundingClientRect().top ?? 0;

const FILES = "link[rel=stylesheet], style[data-href], script[src]"; // a style may come as a file or in the page (app/web/shell.py)
const fileOf = (part) => part.dataset.href ?? part.getAttribute("href") ?? part.getAttribute("src");

/** Puts a whole page in place of this one, as following a link would, but at once. */
export async function draw(html, address) {
  const page = parse(html), at = page.documentElement.dataset.keptAt, before = topOf();
  const same = path(address) === location.pathname;
  if (at) root.dataset.keptAt = at;
  else delete root.dataset.keptAt;
  for (const part of page.head.querySelectorAll(FILES)) {
    if ([...document.head.querySelectorAll(FILES)].some((known) => fileOf(known) === fileOf(part))) continue;
    const copy = document.createElement(part.localName);
    for (const { name, value } of part.attributes) copy.setAttribute(name, value);
    copy.textContent = part.textContent;
    document.head.append(copy);
  }
  begun.clear();
  document.title = page.title;
  document.body.className = page.body.className;
  document.body.replaceChildren(...page.body.childNodes);
  if (same) history.replaceState(null, "", address), scrollBy(0, topOf() - before);
  else history.pushState(null, "", address), scrollTo(0, 0), document.getElementById("main")?.focus({ preventScroll: true });
  await wire();
}

/** Puts the parts of a page in place of these that nobody is writing in. */
async function renew(html) {
  for (const fresh of parse(html).querySelectorAll("main .card[id]")) {
    const old = document.getElementById(fresh.id);
    if (old && !old.closest("form") && !old.querySelector(BUSY) && ![...begun].some((form) => old.contains(form))) old.replaceWith(fresh);
  }
  await wire();
}

/** Fetches a page and shows it; where somebody is at something here, only its cards, and only of this page. */
async function fetchAnew(address, isBusy) {
  const at = Date.now(), answer = await fetch(address, { headers: { Accept: "text/html" } }).catch(() => null);
  const html = answer?.ok ? await answer.text().catch(() => "") : "", { pathname, search } = new URL(answer?.url || location.href);
  if (!html) return mark();
  if (isBusy()) return pathname === location.pathname ? renew(html) : mark(); // no wait from here on
  pageAt = at;
  return draw(html, address.includes("#") ? address : pathname + search);
}

/** A round of sending is over: the page is fetched anew where it does not show what was sent, which may be other entries than its own. */
async function catchUp() {
  await drawing;
  await mark();
  const isOfHere = (entry) => [entry.to, entry.location].some((address) => path(address) === location.pathname);
  const isStale = document.querySelector(".is-kept.ok, .is-kept .ok") || (await mine()).some((entry) =>
    entry.state === "sent" && outbox.isNews(entry, pageAt) && isOfHere(entry));
  if (!isStale || location.pathname === "/outbox" || document.querySelector("[data-look]")) return; // a look is the answer to a post
  drawing = fetchAnew(location.pathname + location.search + location.hash, () => isBegun() || document.querySelector(BUSY));
}

/** Tells all modules of what is new in the page. */
async function wire() {
  self.htmx?.process(document.body);
  document.dispatchEvent(new CustomEvent("htmx:after:swap", { detail: {} }));
  document.dispatchEvent(new CustomEvent("page:drawn"));
  await mark();
}
addEventListener("popstate", () => document.dispatchEvent(new CustomEvent("page:back", { cancelable: true })) && location.reload());

/* --- Showing ---------------------------------------------------------------------------------------------------------------- */

/** Shows what the outbox knows and the page does not. May be called again and again. */
export async function mark() {
  if (!outbox || !root.dataset.person) return;
  pageAt = Number(root.dataset.keptAt) || pageAt || performance.timeOrigin;
  const entries = await mine(), news = entries.filter((entry) => outbox.isNews(entry, pageAt));
  showSign(entries, await outbox.recall("signedOut"));
  document.querySelectorAll(".is-kept").forEach((element) => element.remove());
  const age = document.getElementById("age");
  if (age) age.hidden = !root.dataset.keptAt, age.textContent = _("From this phone, as of %(time)s.", { time: clock(pageAt) });
  if (location.pathname === "/outbox") return;
  const here = outbox.idsIn(location.pathname);
  const own = location.pathname.split("/").at(-1); // forms below a row's page have work to do
  showList(news.filter((entry) => entry.ids.includes(own) || entry.to === location.pathname + location.search));
  showAtRows(news, here);
  for (const entry of news) showAtForms(entry);
  fillIn(news);
  document.dispatchEvent(new CustomEvent("outbox:news", { detail: news })); // day.js
}

function showSign(entries, signedOut) {
  const element = sign();
  if (!element) return;
  const unsent = entries.filter(({ state }) => state !== "sent"), refused = unsent.filter(({ state }) => state === "refused").length;
  const ms = Date.now() - Math.min(...unsent.map(({ at }) => Date.parse(at))), age = ageOf(ms, "narrow");
  element.hidden = !unsent.length;
  element.classList.toggle("bad", refused > 0 || Boolean(signedOut));
  element.querySelector("b").textContent = unsent.length;
  element.querySelector("small").textContent = age;
  element.setAttribute("aria-label", [
    refused && `${_("Please check")}: ${refused}`, `${signedOut ? _("Sign in again to send") : _("Kept on this phone")}: ${unsent.length}`,
    age && _("the oldest is %(age)s old", { age: ageOf(ms, "long") }),
  ].filter(Boolean).join(" · "));
}

const UNITS = [["day", 864e5], ["hour", 36e5], ["minute", 6e4]];
/** "2 h" in the page's language; nothing below a minute. */
const ageOf = (ms, unitDisplay) => {
  const [unit, length] = UNITS.find((each) => ms >= each[1]) ?? [];
  return unit ? new Intl.NumberFormat(root.lang, { style: "unit", unit, unitDisplay }).format(Math.floor(ms / length)) : "";
};

const stateOf = ({ state }) => state === "sent" ? _("sent") : state === "refused" ? _("Please check") : _("Kept on this phone");
const toneOf = ({ state }) => state === "sent" ? "ok" : state === "refused" ? "bad" : "warn";

/** The card above the page: what was done here and is not on it yet. */
function showList(entries) {
  if (!entries.length) return;
  const card = make("section", "card is-kept"), rows = make("ul", "rows");
  card.append(make("h2", "", _("Kept on this phone")), rows);
  for (const entry of entries) {
    const row = make("li", toneOf(entry)), words = make("div", ""), note = (entry.says ?? []).map(([, text]) => text).join(" · ").slice(0, 300);
    const name = make("strong", "", entry.label);
    words.append(entry.page ? Object.assign(make("a", ""), { href: entry.page }) : name, make("p", "", [clock(entry.at), stateOf(entry)].join(" · ")));
    if (entry.page) words.firstChild.append(name);
    if (note) words.append(make("p", "", note));
    for (const [, value] of entry.fields) if (value instanceof Blob) words.append(pictureOf(value, entry.label));
    row.append(make("span", "lead", entry.state === "sent" ? "✓" : "↑"), words);
    rows.append(row);
  }
  document.querySelector("#main .stack")?.prepend(card);
}

/** A badge at each row of a list that entries changed: the last one's. */
function showAtRows(entries, here) {
  const last = new Map(entries.flatMap((entry) => [...outbox.idsIn(outbox.pathOf(entry)), entry.opens].map((id) => [id, entry])));
  for (const [id, entry] of last) {
    if (!id || here.includes(id)) continue;
    for (const link of document.querySelectorAll(`#main li > div > a[href$="${id}"], #main .sheet h3 a[href$="${id}"]`)) {
      const place = link.closest("h3")?.parentElement.lastElementChild ?? link.parentElement.querySelector("p:last-of-type") ?? link.parentElement;
      place.append(" ", make("span", `badge is-kept ${toneOf(entry)}`, `${entry.label} · ${stateOf(entry)}`));
    }
  }
}

/** A form that is posted once and has been makes room for the way on. */
function showAtForms(entry) {
  for (const form of document.querySelectorAll("form[data-single]")) {
    const addresses = form.dataset.single || [...addressesOf(form)];
    if (!addresses.includes(entry.url) || entry.state === "refused") continue;
    if (entry.opens && entry.opens !== (said(form, null, "data-opens") || entry.opens)) continue; // another one of its kind
    form.hidden = true;
    document.querySelectorAll(`[form="${form.id || "-"}"]`).forEach((button) => { button.hidden = true; });
    if (path(entry.to) !== location.pathname && !form.nextElementSibling?.matches(".is-kept")) {
      form.after(Object.assign(make("a", "button primary is-kept", _("Go on")), { href: entry.to }));
    }
  }
}

/** A form that is saved again and again shows what was saved last. */
function fillIn(news) {
  for (const { form } of document.querySelectorAll("form[data-to] input[name=version], [data-to] form input[name=version]")) {
    const saved = news.filter(({ url, state }) => state !== "refused" && addressesOf(form).includes(url)).at(-1);
    if (saved && !begun.has(form) && !form.querySelector("[data-draft]")) setFields(form, saved.fields);
  }
}

/* --- What became of it ------------------------------------------------------------------------------------------------------ */

channel.addEventListener("message", async ({ data: { type, key, location: address } }) => {
  if (type === "sent" && key === awaited) {
    awaited = "";
    return drawing = fetchAnew(address, isBegun);
  }
  if (type === "settled") return catchUp();
  if (type === "wiped") return location.assign("/sign-in");
  if (type === "refused" && key === awaited) {
    awaited = "";
    const entry = (await mine()).find((each) => each.key === key);
    const { correct, remedyOf } = await import("./refused.js");
    if (entry && !isBegun()) return remedyOf(entry).act === "correct" ? correct(entry) : location.assign("/outbox");
  }
  await mark();
});
for (const name of ["input", "change"]) addEventListener(name, ({ isTrusted, target }) => isTrusted && target.form && begun.add(target.form), true);


/* --- Start ------------------------------------------------------------------------------------------------------------------ */

async function start() {
  if (!worker || !outbox) return;
  try {
    await navigator.serviceWorker.register("/sw.js");
  } catch {
    worker = false; // a private window: posts go plainly
    return;
  }
  const { active } = await navigator.serviceWorker.ready;
  if (!navigator.serviceWorker.controller) active.postMessage({ type: "claim" }); // `claim` misses a page that still loads
  active.postMessage({ type: "hello", person: root.dataset.person });
  // The pack of the morning before the app is opened: Chromium does so for an installed app.
  await (await navigator.serviceWorker.ready).periodicSync?.register("pack", { minInterval: 6 * 3600e3 }).catch(() => {});
}
if (root.dataset.person) {
  mark().then(() => sessionStorage.getItem("take-up") && import("./refused.js").then(({ takenUp }) => takenUp())).catch(() => {});
  start();
  const look = () => document.visibilityState === "visible" && active();
  const active = () => navigator.serviceWorker?.controller?.postMessage({ type: "hello", person: root.dataset.person });
  document.addEventListener("visibilitychange", look);
  addEventListener("online", active);
  setInterval(async () => {
    if (!sign() || sign().hidden) return;
    look();
    showSign(await mine(), await outbox.recall("signedOut"));
  }, 15_000);
}
