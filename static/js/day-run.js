/**
 * What an order of stops makes of a day: `arrivals` of app/planning/rules.py, for a phone that must not wait for the server, which
 * stays the authority. tests/e2e/js/test_js_day_run.py compares the two.
 *
 * A Day is written by app/planning/page_times.py. Times are seconds since 1970, lengths seconds. `at`, `start` and `end` are places
 * in the matrices `drive` (seconds) and `metres`, which have null where no way leads; a place nobody can drive to has null to itself.
 *
 * @typedef {{at: number | null, seconds: number, fixed: number | null, windows: [number, number][] | null}} Stop
 * @typedef {{from: number, to: number, start: number | null, end: number | null, most: number | null, lunch: {earliest: number, latest: number, seconds: number} | null,
 *   stops: Record<string, Stop>, drive: (number | null)[][], metres: (number | null)[][], hints: string[]}} Day
 * @typedef {{id: string, travel: number, arrive: number, start: number, leave: number, breaches: string[]}} Times
 * @typedef {{stops: Times[], lunchAt: number | null, lunchAfter: number | null, finish: number, travel: number, breaches: string[]}} Run
 */

/** @param {string[]} order ids of stops @param {Day} day @returns {Run} */
export function arrivals(order, day) {
  const { lunch } = day, legs = legsOf(order, day), without = simulate(order, day, null, legs);
  if (!lunch || !lunch.seconds || without.finish <= lunch.latest || day.from > lunch.latest) return without;
  const first = without.stops.findIndex(({ leave }) => leave > lunch.earliest);
  const places = Array.from({ length: order.length + 1 }, (_, place) => place).slice(first < 0 ? order.length : first);
  const runs = places.map((after) => simulate(order, day, after, legs));
  const broken = (/** @type {Run} */ run) => [...run.stops, run].flatMap(({ breaches }) => breaches).filter((each) => !day.hints.includes(each)).length;
  return runs.reduce((best, run) => (broken(run) - broken(best) || run.finish - best.finish) < 0 ? run : best);
}

/** Metres of driving along the day. @param {string[]} order @param {Day} day */
export function metresOf(order, { start, end, stops, metres }) {
  let total = 0, here = start;
  for (const at of [...order.map((id) => stops[id].at), end]) {
    if (at === null) continue;
    const way = here === null ? 0 : metres[here][at];
    total += way ?? 0;
    here = here === null || way !== null ? at : here;
  }
  return total;
}

/** Seconds to each stop and to the end; where no way leads nobody drives. @param {string[]} order @param {Day} day */
function legsOf(order, { start, end, stops, drive }) {
  let here = start;
  return [...order.map((id) => stops[id].at), end].map((at) => {
    const seconds = at === null ? 0 : drive[here ?? at][at];
    if (at !== null && seconds !== null) here = at;
    return seconds;
  });
}

/** @param {string[]} order @param {Day} day @param {number | null} after how many stops lunch comes @param {(number | null)[]} legs @returns {Run} */
function simulate(order, day, after, legs) {
  const { lunch, to } = day;
  let clock = day.from, lunchAt = null;
  const stops = order.map((id, place) => {
    const stop = day.stops[id], travel = legs[place] ?? 0;
    let arrive = clock + travel, ready = arrive;
    if (place === after && lunch) [lunchAt, arrive, ready] = withLunch(clock, arrive, lunch);
    const [start, remarks] = startOf(stop, ready), leave = start + stop.seconds;
    clock = leave;
    return { id, travel, arrive, start, leave, breaches: [...(legs[place] === null ? ["no_way"] : []), ...remarks, ...(leave > to ? ["after_shift_end"] : [])] };
  });
  const home = legs[order.length];
  let finish = clock + (home ?? 0);
  if (after === order.length && lunch) [lunchAt, , finish] = withLunch(clock, finish, lunch);
  return {
    stops, lunchAt, lunchAfter: after, finish, travel: legs.reduce((/** @type {number} */ sum, leg) => sum + (leg ?? 0), 0),
    breaches: [
      ...(home === null ? ["no_way"] : []), ...(finish > to ? ["after_shift_end"] : []),
      ...(lunchAt !== null && lunch && lunchAt > lunch.latest ? ["lunch_too_late"] : []),
      ...(day.most !== null && order.length > day.most ? ["too_many"] : []),
    ],
  };
}

/** When lunch begins, arrival, and readiness for the visit. @param {number} depart @param {number} arrive @param {{earliest: number, seconds: number}} lunch */
function withLunch(depart, arrive, { earliest, seconds }) {
  const at = Math.max(depart, earliest);
  return at <= arrive ? [at, arrive + seconds, arrive + seconds] : [at, arrive, at + seconds];
}

/** When a visit begins for who is ready, and what that breaks. @param {Stop} stop @param {number} ready @returns {[number, string[]]} */
function startOf({ at, seconds, fixed, windows: open }, ready) {
  const unknown = at === null ? ["no_position"] : [], windows = fixed === null ? open : [[fixed, fixed + seconds]];
  if (windows === null) return [ready, unknown];
  if (!windows.length) return [ready, [...unknown, "closed_that_day"]];
  const starts = windows.map(([opens, closes]) => [opens, closes - seconds]).filter(([first, last]) => first <= last);
  const fitting = firstFrom(starts, ready), start = fitting ?? firstFrom(windows, ready) ?? ready;
  const early = fixed === null ? "before_opening" : "before_fixed", late = fixed === null ? "after_closing" : "after_fixed";
  return [start, [...unknown, ...(start > ready ? [early] : []), ...(fitting === undefined ? [late] : [])]];
}

/** @param {number[][]} windows @param {number} ready */
function firstFrom(windows, ready) {
  const open = windows.find(([, closes]) => ready <= closes);
  return open && Math.max(open[0], ready);
}
