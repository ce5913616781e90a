/**
 * Today and Plan as the entries on this phone have changed them (`outbox:news` of kept.js): where the rep is, which stop is next, in
 * which order. Times and distances are the server's to work out.
 *
 *   <div id="now">                          Today's cards of the visit that is open and of the next stop
 *   <div id="visits" data-day="2026-11-22"> its visits: <ul><li data-open (not begun)><div><a href="/visits/…">
 *   <ol data-sortable data-day="…">         the plan's order: <li data-id="id of the visit">
 */
import { _ } from "./words.js";

/** @typedef {{key: string, ids: string[], url: string, fields: [string, string][], to: string, page: string, opens: string, about: string, state: string}} Entry */
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

/** @param {Element} list @param {Entry[]} news */
function putInOrder(list, news) {
  const rows = came.get(list) ?? [...list.children];
  came.set(list, rows);
  const begun = news.filter((entry) => ["check-in", "check-out", "dismissal"].includes(deed(entry))).flatMap(({ ids }) => ids);
  const stops = /** @type {HTMLElement[]} */ (rows).filter(({ dataset }) => dataset.id && !begun.includes(dataset.id));
  let isChanged = false, isBest = false;
  for (const entry of news.filter((each) => value(each, "day") === list.getAttribute("data-day"))) {
    const [id] = outbox.idsIn(outbox.pathOf(entry)), at = stops.findIndex(({ dataset }) => dataset.id === id), what = deed(entry);
    const order = value(entry, "order").split(",");
    if (what === "order") stops.sort((one, other) => order.indexOf(one.dataset.id ?? "") - order.indexOf(other.dataset.id ?? ""));
    if (what === "move" && at >= 0) stops.splice(Math.max(0, at + Number(value(entry, "steps"))), 0, ...stops.splice(at, 1));
    if (what === "withdrawal" && at >= 0) stops.splice(at, 1);
    if (what === "best-order") isBest = true;
    isChanged ||= ["order", "move", "withdrawal"].includes(what);
  }
  if (isBest) list.before(make("p", "note warn is-kept", _("The best order is worked out when there is a connection.")));
  if (!isChanged) return rows.forEach((row) => row.toggleAttribute("hidden", begun.includes(row.getAttribute("data-id") ?? "")));
  list.before(make("p", "note is-kept", _("In your order. The times are worked out when there is a connection.")));
  list.replaceChildren(...stops);
  stops.forEach((stop, i) => {
    const number = stop.querySelector(".lead"), [earlier, later] = stop.querySelectorAll("[name=steps]");
    if (number) number.textContent = String(i + 1);
    for (const said of /** @type {NodeListOf<HTMLElement>} */ (stop.querySelectorAll(".when, .travel, .remarks"))) said.hidden = true;
    earlier?.toggleAttribute("disabled", i === 0);
    later?.toggleAttribute("disabled", i === stops.length - 1);
  });
}

document.addEventListener("outbox:news", (event) => {
  const all = /** @type {CustomEvent<Entry[]>} */ (event).detail, news = all.filter(({ state }) => state !== "refused");
  const now = document.getElementById("now"), visits = document.getElementById("visits"), list = document.querySelector("[data-sortable]");
  if (now && visits) addPlanned(visits, news), showNow(now, visits, news);
  if (list) putInOrder(list, news);
});
