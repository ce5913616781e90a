/**
 * Today and Plan as the entries on this phone have changed them (`outbox:news` of kept.js): where the rep is, which stop is next, in
 * which order, and at which times (plan-times.js). Today's distances are the server's to work out.
 *
 *   <div id="now">                          Today's cards of the visit that is open and of the next stop
 *   <div id="visits" data-day="2026-11-22"> its visits: <ul><li data-open (not begun)><div><a href="/visits/…">
 *   <ol data-sortable data-day="…">         the plan's order: <li data-id="id of the visit">
 */
import { showTimes } from "./plan-times.js";
import { _ } from "./words.js";

/** @typedef {{key: string, ids: string[], url: string, fields: [string, string][], to: string, page: string, opens: string, about: string, state: string, at: string}} Entry */
/** @typedef {{href: string, name: string, address: string}} Stop */

const { outbox } = self;
/** The last part of its address says what a post does. @param {Entry} entry @returns {string} */
const deed = (entry) => outbox.pathOf(entry).split("/").at(-1);
/** @param {Entry} entry @param {string} name */
const value = ({ fields }, name) => fields.find(([field]) => field === name)?.[1] ?? "";
/** @param {string} tag @param {string} className @param {string} text @param {Node[]} parts */
const make = (tag, className, text, ...parts) => {
  const element = Object.assign(document.createElement(tag), { className, textContent: text });
  element.append(...parts);
  return element;
};
/** @param {string} href @param {string} className @param {string} text */
const link = (href, className, text) => Object.assign(make("a", className, text), { href });

/* --- Today ------------------------------------------------------------------------------------------------------------------ */

/** @param {Element} visits @param {Entry[]} news */
function addPlanned(visits, news) {
  for (const entry of news.filter((each) => each.page && value(each, "day") === visits.getAttribute("data-day"))) {
    const row = make("li", "is-kept", "", make("span", "lead num", "–"), make("div", "", "", link(entry.page, "", entry.about)));
    row.dataset.open = "";
    if (!visits.querySelector("ul")) visits.replaceChildren(make("ul", "rows", ""));
    visits.querySelector("ul")?.append(row);
  }
}

/** @param {Element} li @returns {Stop} */
const stopOf = (li) => {
  const name = li.querySelector("a");
  return { href: name?.getAttribute("href") ?? "", name: name?.textContent ?? "", address: name?.nextElementSibling?.textContent ?? "" };
};
/** @param {string} title @param {Stop} stop @param {string} act @param {string} kind */
const card = (title, { href, name, address }, act, kind) => make("section", "card is-kept", "", make("header", "", "", make("h2", "", title)),
  make("div", "sheet stack", "", make("div", "", "", make("h3", "", "", link(href, "", name)), make("p", "soft", address)), link(href, "button " + kind, act)));

/** @param {HTMLElement} now @param {Element} visits @param {Entry[]} news */
function showNow(now, visits, news) {
  const [known] = outbox.idsIn(now.querySelector("[data-here]")?.getAttribute("href") ?? "");
  /** @type {Set<string>} */
  const over = new Set();
  /** @type {Stop & {id: string} | undefined} */
  let here;
  for (const entry of news) {
    const [id] = outbox.idsIn(outbox.pathOf(entry));
    if (deed(entry) === "check-in") here = { id: entry.opens, href: entry.to, name: entry.about, address: "" };
    if (["check-out", "dismissal", "withdrawal"].includes(deed(entry))) over.add(id);
  }
  now.hidden = Boolean(here || over.size);
  if (!now.hidden) return;
  const cards = [];
  if (here && !over.has(here.id)) cards.push(card(_("You are here"), here, _("Report and check out"), "primary"));
  else if (known && !over.has(known)) return void (now.hidden = false);
  const next = [...visits.querySelectorAll("li[data-open]")].map(stopOf)
    .find(({ href }) => outbox.idsIn(href).every((/** @type {string} */ id) => !over.has(id) && id !== here?.id));
  if (next) cards.push(card(_("Next stop"), next, _("Open the visit"), cards.length ? "" : "primary"));
  now.after(...cards);
}

/* --- Plan ------------------------------------------------------------------------------------------------------------------- */

/** @type {WeakMap<Element, Element[]>} */
const came = new WeakMap();

/** @param {HTMLElement} list @param {Entry[]} news */
function putInOrder(list, news) {
  const rows = came.get(list) ?? [...list.children];
  came.set(list, rows);
  const over = news.filter((entry) => ["check-in", "check-out", "dismissal"].includes(deed(entry))).flatMap(({ ids }) => ids);
  rows.forEach((row) => row.toggleAttribute("hidden", over.includes(row.getAttribute("data-id") ?? "")));
  const stops = /** @type {HTMLElement[]} */ (rows).filter(({ dataset, hidden }) => dataset.id && !hidden);
  /** @type {Record<string, number>} */
  const minutes = {};
  /** @type {Record<string, string>} */
  const times = {};
  let isChanged = false, isBest = false;
  for (const entry of news.filter((each) => value(each, "day") === list.getAttribute("data-day"))) {
    const [id] = outbox.idsIn(outbox.pathOf(entry)), at = stops.findIndex(({ dataset }) => dataset.id === id), what = deed(entry);
    const order = value(entry, "order").split(",");
    if (what === "order") stops.sort((one, other) => order.indexOf(one.dataset.id ?? "") - order.indexOf(other.dataset.id ?? ""));
    if (what === "move" && at >= 0) stops.splice(Math.max(0, at + Number(value(entry, "steps"))), 0, ...stops.splice(at, 1));
    if (what === "withdrawal" && at >= 0) stops.splice(at, 1);
    if (what === "length") minutes[id] = Number(value(entry, "minutes"));
    if (what === "time") times[id] = value(entry, "time");
    if (what === "best-order") isBest = true;
    isChanged ||= ["order", "move", "withdrawal", "length", "time"].includes(what);
  }
  if (isBest) list.before(make("p", "note warn is-kept", _("The best order is worked out when there is a connection.")));
  if (isChanged) {
    list.before(make("p", "note is-kept", _("Changed on this phone, with the times that it works out.")));
    list.replaceChildren(...rows.filter((row) => row.getAttribute("data-id") && row.hasAttribute("hidden")), ...stops);
  }
  if (isChanged || over.length || document.documentElement.dataset.keptAt) showTimes(list, { begun: begunOf(news), minutes, times });
}

/** What only the server can find, it says before somebody taps and waits. */
function sayServers() {
  const isLost = !navigator.onLine || document.documentElement.dataset.keptAt;
  document.querySelectorAll(".is-lost").forEach((said) => said.remove());
  for (const form of isLost ? document.querySelectorAll("[action='/plan/best-order'], [action='/plan/suggestions']") : []) {
    form.before(make("p", "soft is-lost", _("This needs a connection: your tap is kept until there is one.")));
  }
}
for (const name of ["online", "offline"]) addEventListener(name, sayServers);

/** The visits that have begun, by their check-ins; `until` where they are over. @param {Entry[]} news */
function begunOf(news) {
  const moment = (/** @type {Entry | undefined} */ entry) => entry ? Date.parse(entry.at) / 1000 : null;
  return news.filter((entry) => deed(entry) === "check-in").map((entry) => {
    const left = news.find((each) => deed(each) === "check-out" && outbox.pathOf(each).includes(entry.opens));
    return { id: entry.opens, at: moment(entry) ?? 0, until: moment(left) };
  });
}

document.addEventListener("outbox:news", (event) => {
  const all = /** @type {CustomEvent<Entry[]>} */ (event).detail, news = all.filter(({ state }) => state !== "refused");
  const now = document.getElementById("now"), visits = document.getElementById("visits"), list = document.querySelector("[data-sortable]");
  if (now && visits) addPlanned(visits, news), showNow(now, visits, news);
  if (list instanceof HTMLElement) putInOrder(list, news);
  sayServers();
});
