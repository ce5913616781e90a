/**
 * The times of the day as its order now is, worked out on the phone (day-run.js) until the server's answer replaces the page.
 *
 *   <div class="plan-stats">                the tiles: visits, driving, end of the day
 *   <ol data-sortable  data-times='{…}'>    what the times are made of (app/planning/page_times.py)
 *     <li data-id="id of the visit"><span class="lead">1</span> <div><a>, .when, <p>.travel and address</p>, .remarks</div> …</li>
 *     <li class="pause">                    lunch, with its own .when
 *   </ol>
 *   <script type="application/json" id="plan_pins">   what the map shows
 *   <a id="next_leg"> <b>name</b></a>       the way to the next stop; <div data-legs> links to several, else <p data-legs-stale>
 *   <p data-fit>                            what one visit more would make of the day
 *
 * showTimes(list, changes) shows them for the rows in their present order; sortable.js says `sortable:moved` when that has changed.
 */
import { arrivals, metresOf } from "./day-run.js";
import { _ } from "./words.js";

/** @typedef {import("./day-run.js").Day & {day: string, zone: string, says: Record<string, string>, stops: Record<string, {zone: string, city: string, noon: number, must: boolean}>}} Day */
/** @typedef {import("./day-run.js").Times} Times */
/** @typedef {import("./day-run.js").Run} Run */
/** What was done on this phone since: visits that have begun `at`, in their order, and are over at `until`; minutes of others, and times
 *  that were agreed ("" for none any more).
 *  @typedef {{begun?: {id: string, at: number, until: number | null}[], minutes?: Record<string, number>, times?: Record<string, string>}} Changes */

/** @type {WeakMap<Element, Changes>} */
const known = new WeakMap();
const MINUTE_S = 60;

/** @param {string} tag @param {string} className @param {string} text */
const make = (tag, className, text = "") => Object.assign(document.createElement(tag), { className, textContent: text });
/** @param {number} seconds @param {string} zone */
const clock = (seconds, zone) =>
  new Date(seconds * 1000).toLocaleTimeString("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
/** @param {number} seconds */
export const length = (seconds) => {
  const all = Math.round(seconds / MINUTE_S), hours = Math.floor(all / 60), minutes = all % 60;
  if (!hours) return _("%(minutes)s min", { minutes });
  return minutes ? _("%(hours)s h %(minutes)s min", { hours, minutes }) : _("%(hours)s h", { hours });
};
/** @param {number} metres */
export const distance = (metres) => {
  if (metres < 995) return _("%(number)s m", { number: metres < 100 ? Math.round(metres) : Math.round(metres / 10) * 10 });
  const tenths = Math.round(metres / 100);
  return _("%(number)s km", { number: tenths < 100 ? (tenths / 10).toFixed(1) : Math.round(metres / 1000).toLocaleString("en") });
};

/** Shows the times of the rows as they stand. A list that brings nothing to make them of says none. @param {HTMLElement} list @param {Changes} [changes] */
export function showTimes(list, changes = known.get(list) ?? {}) {
  known.set(list, changes);
  const rows = /** @type {HTMLElement[]} */ ([...list.children]).filter(({ dataset, hidden }) => dataset.id && !hidden);
  rows.forEach((row, place) => number(row, place, rows.length));
  const day = list.dataset.times && asItIs(JSON.parse(list.dataset.times), changes);
  if (!day || rows.some(({ dataset }) => !day.stops[dataset.id ?? ""])) {
    for (const row of rows) for (const said of /** @type {NodeListOf<HTMLElement>} */ (row.querySelectorAll(".when, .travel, .remarks"))) said.hidden = true;
    hideFits(true);
    return;
  }
  const order = rows.map(({ dataset }) => dataset.id ?? ""), run = arrivals(order, day);
  const isMoved = order.join() !== Object.keys(day.stops).filter((id) => order.includes(id)).join();
  const isStale = isMoved || rows.length < Object.keys(day.stops).length; // of what the server says of its own order
  rows.forEach((row, place) => {
    showStop(row, run.stops[place], day);
    if (isMoved) row.querySelectorAll("details > div > p.soft").forEach((why) => why.remove()); // why here, which was elsewhere
  });
  showLegs(rows, isStale);
  hideFits(isStale);
  showLunch(list, rows, run, day);
  showMap(order, day, isStale, changes.begun?.at(-1)?.id);
  showSums(run, order, day);
}

/** The day as it is by now: what is over is over, and who has begun a visit drives on from there. @param {Day} day @param {Changes} changes @returns {Day} */
function asItIs(day, { begun = [], minutes = {}, times = {} }) {
  for (const [id, number] of Object.entries(minutes)) if (day.stops[id]) day.stops[id].seconds = number * MINUTE_S;
  for (const [id, text] of Object.entries(times)) if (day.stops[id]) day.stops[id].fixed = momentOf(text, day.stops[id].noon);
  const isThatDay = (/** @type {number} */ at) => new Date(at * 1000).toLocaleDateString("sv", { timeZone: day.zone }) === day.day;
  const now = Date.now() / 1000, there = begun.filter(({ at }) => isThatDay(at));
  const over = there.map(({ id, at, until }) => until ?? at + (day.stops[id]?.seconds ?? 0));
  const from = Math.ceil(Math.max(day.from, ...over, isThatDay(now) ? now : 0) / MINUTE_S) * MINUTE_S;
  const start = there.map(({ id }) => day.stops[id]?.at ?? null).filter((at) => at !== null).at(-1) ?? day.start;
  return { ...day, from, start, most: day.most === null ? null : Math.max(0, day.most - there.length) };
}

/** @param {string} text HH:MM there, or "" @param {number} noon there, which no clock change is after @returns {number | null} */
function momentOf(text, noon) {
  const [hours, minutes] = text.split(":").map(Number);
  return text ? noon + ((hours - 12) * 60 + minutes) * MINUTE_S : null;
}

/** @param {HTMLElement} row @param {number} place @param {number} count */
function number(row, place, count) {
  const lead = row.querySelector(".lead"), [earlier, later] = row.querySelectorAll("[name=steps]");
  if (lead) lead.textContent = String(place + 1);
  earlier?.toggleAttribute("disabled", place === 0);
  later?.toggleAttribute("disabled", place === count - 1);
}

/** @param {HTMLElement} row @param {Times} times @param {Day} day */
function showStop(row, times, { stops, says, hints }) {
  const { id, travel, start, leave, breaches } = times, stop = stops[id];
  const time = (/** @type {number} */ at) => clock(at, stop.zone) + (stop.city && ` (${stop.city})`);
  const when = row.querySelector(".when"), isBad = breaches.some((each) => !hints.includes(each));
  row.classList.toggle("bad", isBad);
  row.querySelector(".lead")?.classList.toggle("bad", isBad);
  if (!when) return;
  when.textContent = `${time(start)}–${time(leave)}`;
  row.querySelector(".travel")?.remove();
  const address = when.nextElementSibling;
  if (travel) {
    const drive = _("%(time)s drive", { time: length(Math.max(MINUTE_S, travel)) });
    address?.prepend(make("span", "travel", address.textContent?.trim() ? drive + " · " : drive));
  }
  const keeps = row.querySelector("form[action$='/time'] [type=hidden][name=time]:not([value=''])"), button = keeps?.parentElement?.querySelector("button");
  if (keeps instanceof HTMLInputElement && button) { // "Keep 09:40" is of the times that are shown
    keeps.form?.toggleAttribute("hidden", stop.fixed !== null);
    keeps.value = clock(start + MINUTE_S - 1, stop.zone);
    button.textContent = _("Keep %(time)s", { time: keeps.value });
  }
  const old = row.querySelector(".remarks"), remarks = make("p", "remarks");
  if (stop.fixed !== null) remarks.append(make("span", "badge accent", _("Agreed for %(time)s", { time: clock(stop.fixed, stop.zone) })), " ");
  else if (stop.must) remarks.append(make("span", "badge accent", _("Must")), " ");
  for (const each of breaches) remarks.append(make("span", `badge ${hints.includes(each) ? "warn" : "bad"}`, remark(each, times, stop, time) ?? says[each]), " ");
  old?.remove();
  if (remarks.firstChild) (address ?? when).after(remarks);
}

/** What a rule says with its times; nothing where its name is enough. @param {string} breach @param {Times} times @param {{fixed: number | null}} stop
 *  @param {(at: number) => string} time */
function remark(breach, { arrive, start }, { fixed }, time) {
  if (breach === "before_opening") return _("Opens at %(time)s: wait %(wait)s", { time: time(start), wait: length(start - arrive) });
  if (breach === "before_fixed") return _("Wait of %(wait)s for the agreed time", { wait: length(start - arrive) });
  if (breach === "after_fixed") return _("%(late)s later than agreed", { late: length(start - (fixed ?? start)) });
}

/** @param {HTMLElement} list @param {HTMLElement[]} rows @param {Run} run @param {Day} day */
function showLunch(list, rows, { lunchAt, lunchAfter }, { lunch, zone }) {
  const old = list.querySelector(":scope > .pause");
  old?.remove();
  if (lunchAt === null || lunchAfter === null || !lunch) return;
  const row = make("li", "pause"), lead = make("span", "lead"), said = make("div", ""), icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS(icon.namespaceURI, "use");
  use.setAttribute("href", new URL("../icons/icons.svg", import.meta.url).pathname + "#clock");
  icon.setAttribute("class", "icon");
  icon.setAttribute("aria-hidden", "true");
  icon.append(use);
  lead.append(icon);
  said.append(make("p", "when", `${clock(lunchAt, zone)}–${clock(lunchAt + lunch.seconds, zone)} · ${_("Lunch")}`));
  row.append(lead, said);
  if (rows[lunchAfter]) rows[lunchAfter].before(row);
  else list.append(row);
}

/** The way to the next stop; links to several at once are of the server's order. @param {HTMLElement[]} rows @param {boolean} isStale */
function showLegs(rows, isStale) {
  const next = document.getElementById("next_leg"), row = rows.find((each) => each.querySelector("details a[target=_blank]"));
  if (next instanceof HTMLAnchorElement && row) {
    next.href = row.querySelector("details a[target=_blank]")?.getAttribute("href") ?? "";
    const name = next.querySelector("b");
    if (name) name.textContent = row.querySelector("a")?.textContent ?? "";
  }
  document.querySelector("[data-legs]")?.toggleAttribute("hidden", isStale);
  document.querySelector("[data-legs-stale]")?.toggleAttribute("hidden", !isStale);
}

/** What one visit more would make of the day. @param {boolean} isStale */
function hideFits(isStale) {
  document.querySelectorAll("[data-fit]").forEach((said) => said.toggleAttribute("hidden", isStale));
}

/** The map's pins by the order, and straight lines between them: the roads are the server's. @param {string[]} order @param {Day} day
 *  @param {boolean} isStale @param {string | undefined} here the visit that was begun last */
function showMap(order, { stops, start, end }, isStale, here) {
  const script = document.getElementById("plan_pins");
  if (!script) return;
  const first = script.dataset.first ??= script.textContent ?? "", { pins, lines: [line = []] } = JSON.parse(first);
  const at = (/** @type {string | undefined} */ id) => pins.filter((/** @type {{id: string}} */ pin) => pin.id === id).map((/** @type {{lat: number, lon: number}} */ { lat, lon }) => [lat, lon]);
  const ends = [start === null ? [] : at(here)[0] ?? line[0], end === null ? [] : line.at(-1)].map((point) => point?.length ? [point] : []);
  const path = [...ends[0], ...order.flatMap(at), ...ends[1]];
  const shown = pins.filter((/** @type {{id: string}} */ { id }) => !stops[id] || order.includes(id))
    .map((/** @type {{id: string}} */ pin) => order.includes(pin.id) ? { ...pin, n: String(order.indexOf(pin.id) + 1) } : pin);
  const text = isStale ? JSON.stringify({ pins: shown, lines: path.length > 1 ? [path] : [] }) : first;
  if (script.textContent === text) return;
  script.textContent = text;
  document.dispatchEvent(new CustomEvent("map:refresh"));
}

/** The tiles and what holds of the whole day. @param {Run} run @param {string[]} order @param {Day} day */
function showSums({ finish, travel, breaches }, order, day) {
  const sums = document.querySelector(".plan-stats"), [, driving, end] = sums?.children ?? [];
  if (!sums || !driving || !end) return;
  const set = (/** @type {Element} */ tile, /** @type {string} */ label, /** @type {string} */ value) => {
    const [small, b] = tile.children;
    small.textContent = label;
    b.textContent = value;
  };
  set(driving, _("Driving, %(distance)s", { distance: distance(metresOf(order, day)) }), length(travel));
  set(end, _("End of the day"), clock(finish, day.zone));
  end.children[1].classList.toggle("bad", breaches.length > 0);
  while (sums.nextElementSibling?.matches(".note.warn")) sums.nextElementSibling.remove();
  for (const each of [...breaches].reverse()) {
    const note = make("div", "note warn"), words = make("div", "");
    words.append(make("strong", "", day.says[each]));
    note.append(words);
    sums.after(note);
  }
}

document.addEventListener("sortable:moved", ({ target }) => {
  if (target instanceof HTMLElement) showTimes(target);
});
