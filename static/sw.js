/**
 * The service worker: what the pages do without a network. BUILD and SHELL come before this text (app/sync/views.py).
 *
 * - Static files of a build never change: kept ones are used.
 * - A page is asked of the network first; after LIMIT_MS, or without an answer, the kept one is shown (at most 36 h old), else a screen
 *   of the pack, else /offline. Where the outbox changed a row, its screen is shown in any case.
 * - The outbox is sent one entry after the other, whoever asks (page, Background Sync): in order for all that name the same id, texts
 *   before photos. What the server refuses waits for the person; what it could not take waits for the next try.
 * - The pack (/pack): {person, home, pages: {address: html}, screens: [{path, after, where, html}], rows: {id: {slot: text}}}; see
 *   app/sync/ports.py. Slots are ⟦name⟧; ⟦name|html⟧ is filled as it is, with what the server or the person's own page wrote.
 * - From pages: "send", "pack" (fetch it where it is old; `force` always), "hello" (who is signed in), "claim".
 *   To pages (BroadcastChannel "fieldbook"): changed, sent, settled, refused, signed-out, wiped, packed.
 */
importScripts(`/static/${BUILD}/js/outbox.js`);

const LIMIT_MS = 4000, SEND_MS = 30_000, PHOTO_MS = 180_000, ATTENDED_MS = 10_000, PACK_MS = 4 * 3600e3, MOST_PAGES = 300;
const PRIVATE = ["/sign-in", "/settings/password", "/plan/calendar", "/offline"];
const { list, isNews, pathOf, idsIn, recall, remember } = outbox;
const channel = new BroadcastChannel("fieldbook");
const tell = (type, more) => channel.postMessage({ type, ...more });
const POLICY = "Content-Security-Policy", WIPE = "Outbox-Wipe";
/** A page of the phone, under the policy that the server gave it; `at`: when it was fetched. */
const html = (text, at, policy) => new Response(text, {
  headers: { "Content-Type": "text/html; charset=utf-8", "Outbox-At": String(at), [POLICY]: policy ?? "default-src 'self'" },
});

addEventListener("install", (event) => event.waitUntil((async () => {
  await (await caches.open("static")).addAll([...SHELL, new Request("/offline", { credentials: "omit" })]);
  await skipWaiting();
})()));
addEventListener("activate", (event) => event.waitUntil((async () => {
  await clients.claim();
  if (await recall("person")) await fetchPack(true).catch(() => {});
  if ((await recall("pack"))?.build !== BUILD) return; // no network: the kept pages still need the files of their build
  const cache = await caches.open("static");
  for (const { url } of await cache.keys()) if (url.includes("/static/") && !url.includes(BUILD)) await cache.delete(url);
})()));

addEventListener("fetch", (event) => {
  const { request } = event, url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (request.method === "POST" && ["/sign-in", "/sign-out"].includes(url.pathname)) event.respondWith(signing(request));
  if (request.method !== "GET") return;
  if (url.pathname.startsWith("/static/")) event.respondWith(fromShell(request));
  else if (request.headers.has("Outbox-Screen")) event.respondWith(keptScreen(url).then((page) => page ?? new Response("", { status: 404 })));
  else if (request.mode === "navigate") event.respondWith(open(event, url));
});

/* --- Pages ------------------------------------------------------------------------------------------------------------------ */

async function fromShell(request) {
  const cache = await caches.open("static");
  const known = await cache.match(request.url);
  if (known) return known;
  const answer = await fetch(request);
  if (answer.status === 200) quietly(cache.put(request.url, answer.clone()));
  return answer;
}
const quietly = (work) => work.catch(() => {}); // a full disk must not cost the page

/** Whoever signs out leaves no page to the next one. Who signs in is known at the first page's "hello": until then nothing kept is
 *  shown, then it is thrown away if it was another one's. Without the pack, a row that this person made on the phone is nowhere. */
let signings = 0; // a page that was asked for before one says nothing of who is there now
async function signing(request) {
  const answer = await fetch(request);
  signings++;
  if (answer.type !== "opaqueredirect") return answer;
  if (new URL(request.url).pathname === "/sign-out") await forget();
  else await remember("person", null);
  return answer;
}
async function forget() {
  await remember("person", null);
  await remember("pack", null);
  await remember("rows", null);
  await caches.delete("pages");
}

async function open(event, url) {
  const entries = await list().catch(() => []);
  const changed = await screenOf(url, entries, true), before = signings;
  const asked = changed ? Promise.resolve(changed)
    : fetchPage(event.request, url).then((answer) => before === signings ? introduced(answer, url, entries) : answer);
  const waits = entries.some((entry) => entry.state === "waiting"); // sent after the page is made: it counts what it shows
  event.waitUntil(asked.catch(() => {}).then(() => waits && send()));
  if (changed) return changed;
  try {
    const answer = await Promise.race([asked, late(navigator.onLine ? LIMIT_MS : LIMIT_MS / 4)]);
    const isOurs = answer.status === 404 && entries.some(({ opens }) => opens && url.href.includes(opens)); // not sent yet
    if (answer.status < 502 && !isOurs) return answer;
  } catch { /* no network, or too slow */ }
  return await keptScreen(url) ?? await asked.catch(() => caches.match("/offline"));
}
/** The first page after a sign-in says whose it is: then the rows that this person made on the phone are shown at once. */
async function introduced(answer, url, entries) {
  if (!entries.length || await recall("person")) return answer;
  const [, person] = (await answer.clone().text()).match(/<html [^>]*data-person="([^"]+)"/) ?? [];
  if (!person) return answer;
  await meet(person);
  if (answer.status === 404) await fetchPack().catch(() => {}); // a sign-out has thrown it away
  return await screenOf(url, entries, true) ?? answer;
}
const late = (ms) => new Promise((_resolve, reject) => setTimeout(reject, ms, new Error("late")));

async function fetchPage(request, url) {
  const headers = new Headers(request.headers), at = Date.now(); // before: what is sent meanwhile it may not show
  headers.set("Outbox-Shell", BUILD);
  const answer = await fetch(url, { headers, redirect: "manual", credentials: "same-origin", cache: request.cache });
  if (answer.headers.has(WIPE)) return await wipe(), Response.redirect("/sign-in");
  if (answer.status === 200 && answer.headers.get("Content-Type")?.startsWith("text/html")) quietly(keepPage(url, answer.clone(), at));
  return answer;
}

async function keepPage(url, answer, at) {
  if (PRIVATE.includes(url.pathname) || !(await recall("person"))) return;
  const cache = await caches.open("pages"), keys = await cache.keys();
  for (const old of keys.slice(0, Math.max(0, keys.length - MOST_PAGES))) await cache.delete(old);
  const text = await answer.text(), [, row] = text.match(/ data-row='([^']+)'/) ?? [];
  if (!text.includes(`data-person="${await recall("person")}"`)) return; // an old tab of somebody else
  await cache.put(url.pathname + url.search, html(text, at, answer.headers.get(POLICY)));
  if (row) await rememberRow(JSON.parse(row));
}

/** What a page that was opened says of its row: it stands in for the pack where that does not carry it. */
async function rememberRow({ id, ...slots }) {
  const { [id]: _old, ...rows } = await recall("rows") ?? {};
  const newest = Object.entries(rows).slice(1 - MOST_PAGES);
  await remember("rows", { ...Object.fromEntries(newest), [id]: slots });
}

/** The page as the phone knows it: the kept one, or a screen; undefined for neither. */
async function keptScreen(url) {
  if (!(await recall("person"))) return undefined;
  const entries = await list().catch(() => []);
  const changed = await screenOf(url, entries, true);
  if (changed) return changed;
  const pack = await recall("pack");
  const path = url.pathname === "/" && pack ? pack.home : url.pathname + url.search;
  const kept = await (await caches.open("pages")).match(path), at = Number(kept?.headers.get("Outbox-At"));
  if (kept && at > Date.now() - outbox.KEPT_MS) return html(aged(await kept.text(), at), at, kept.headers.get(POLICY));
  return await screenOf(url, entries, false);
}
const aged = (text, at) => text.replace("<html ", `<html data-kept-at="${at}" `);

/** The pack's screen for an address; `changed`: only where the outbox holds something unsent that changes what is shown there. */
async function screenOf(url, entries, changed) {
  const pack = await recall("pack"), person = await recall("person");
  if (!person || pack?.person !== person || pack.at < Date.now() - outbox.KEPT_MS) return undefined;
  const mine = entries.filter((entry) => entry.person === person);
  for (const screen of pack.screens) {
    if (changed && !screen.after) continue;
    const [before, after] = screen.path.split("*"), id = url.pathname.slice(before.length, before.length + 36);
    if (after === undefined && url.pathname === before) return html(aged(screen.html, pack.at), pack.at, pack.policy);
    if (after === undefined || url.pathname !== before + id + after || !idsIn(id).length) continue;
    const news = mine.filter((entry) => entry.ids.includes(id) && isNews(entry, changed ? Infinity : pack.at));
    if (screen.after && !news.some((entry) => pathOf(entry).endsWith(screen.after))) continue;
    const row = rowOf(id, mine, { ...await recall("rows"), ...pack.rows });
    if (!row || (screen.where && (row[screen.where[0]] ?? "") !== screen.where[1])) continue;
    return html(aged(fill(screen.html, row), pack.at), pack.at, pack.policy);
  }
}

/** What is known of a row: the pack's slots, and what the entry that made it says; null for nothing. `trusted` may be HTML. */
function rowOf(id, entries, rows) {
  const known = rows[id], made = entries.find((entry) => entry.opens === id);
  if (!made) return known ? { ...known, id, trusted: known } : null;
  const typed = Object.fromEntries(made.fields.filter(([, value]) => typeof value === "string"));
  const parent = idsIn(pathOf(made)).find((other) => other !== id) ?? typed.account;
  const above = parent ? rowOf(parent, entries, rows) : undefined;
  return {
    ...above, account: above ? parent : id, ...typed, ...known, id,
    trusted: { ...above?.trusted, ...known, shown: made.shown ?? "" },
  };
}
const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const fill = (text, row) => text.replace(/⟦(\w+)(\|html)?⟧/g, (_all, name, raw) =>
  raw ? row.trusted[name] ?? "" : String(row[name] ?? "").replace(/[&<>"']/g, (sign) => ENTITIES[sign]));

/* --- The outbox ------------------------------------------------------------------------------------------------------------- */

let sending, again = false, awaited = ""; // the key of the post whose answer somebody looks at
/** Sends what can be sent; one at a time in the whole browser. A call while it runs makes it look once more. */
function send() {
  again = true;
  return sending ??= navigator.locks.request("fieldbook-send", async () => {
    while (again) (again = false), await drain();
  }).finally(() => { sending = undefined; });
}

async function drain() {
  const person = await recall("person"), done = [];
  if (!person) return;
  for (;;) {
    const mine = (await list()).filter((each) => each.person === person), entry = nextOf(mine);
    const before = entry && mine.filter((each) => each.state === "sent" && each.seq < entry.seq && touch(each, entry)).map(({ key }) => key);
    if (!entry || !(await sendOne(entry, before, done))) break;
  }
  await outbox.prune();
  if (done.length) tell("settled"), await refresh(done);
}

const isPhoto = (entry) => entry.fields.some(([, value]) => typeof value !== "string");
const touch = (first, second) => first.ids.some((id) => second.ids.includes(id));
/** The first entry that may go now: not behind an unsent one of the same rows, nor behind a refused one that makes a row it needs. */
function nextOf(entries) {
  const isHeld = (entry) => entries.some((before) => before.seq < entry.seq && (
    (before.state === "waiting" && touch(before, entry) && !(isPhoto(before) && !isPhoto(entry)))
    || (before.state === "refused" && before.opens && entry.ids.includes(before.opens))));
  const free = entries.filter((entry) => entry.state === "waiting" && !isLater(entry.retryAt) && !isHeld(entry));
  return free.find((entry) => !isPhoto(entry)) ?? free[0];
}

/** Whether a try is still to wait; a clock that was set back since makes nobody wait for years. */
const isLater = (at) => at > Date.now() && at < Date.now() + 700_000;

/** Sends one; false where there is no point in going on with the others. */
async function sendOne(entry, before, done) {
  const headers = { "Outbox-Captured": entry.at, "Outbox-Sent": new Date().toISOString(), "Outbox-Person": entry.person };
  if (before.length) headers["Outbox-After"] = before.slice(-50).join(","); // whose versions it knows (app/web/versions.py)
  if (entry.key === awaited && !entry.tries && Date.now() - Date.parse(entry.at) < ATTENDED_MS) headers["Outbox-Attended"] = "1";
  const body = isPhoto(entry) ? new FormData() : new URLSearchParams();
  for (const [name, value] of entry.fields) body.append(name, value);
  const tries = entry.tries + Number(navigator.onLine);
  await outbox.change(entry.seq, { tries }).catch(() => {}); // a full phone must still be able to send
  let answer;
  try {
    answer = await fetch(entry.url, {
      method: "POST", headers, body, redirect: "manual", signal: AbortSignal.timeout(isPhoto(entry) ? PHOTO_MS : SEND_MS),
    });
  } catch {
    tell("changed");
    return false;
  }
  const { status } = answer, location = answer.headers.get("Outbox-Location");
  if (status === 204 && location) {
    await outbox.sent(entry, location, answer.headers.get("Outbox-Clock") === "doubtful").catch(() => outbox.remove(entry.seq)); // a delete needs no room
    done.push({ ...entry, location });
    tell("sent", { key: entry.key, location });
  } else if (answer.headers.has(WIPE)) {
    await wipe();
    return false;
  } else if (status === 401) {
    await remember("signedOut", true);
    tell("signed-out");
    return false;
  } else if (!(status >= 400 && status < 500) || [408, 425, 429].includes(status)) { // also a Wi-Fi's own sign-in page
    await outbox.change(entry.seq, { status, retryAt: Date.now() + Math.min(600_000, 2000 * 2 ** tries) });
    tell("changed");
  } else {
    const refused = { state: "refused", status, answer: await answer.text() };
    await outbox.change(entry.seq, refused).catch(() => outbox.change(entry.seq, { ...refused, answer: "" })); // a full phone
    tell("refused", { key: entry.key });
  }
  return true;
}

/** The device was taken away: nothing of it stays, and open pages go. */
async function wipe() {
  await caches.delete("pages");
  await outbox.erase();
  tell("wiped");
}

/** Fetch anew what the sent entries changed, so that the kept pages know of them. */
async function refresh(done) {
  const pack = await recall("pack");
  const paths = new Set([pack?.home ?? "/", ...done.flatMap(({ to, location }) => [to, location])].map((path) => path?.split("#")[0]));
  for (const path of [...paths].filter(Boolean).slice(-20)) {
    await fetchPage(new Request(path), new URL(path, location.origin)).catch(() => {});
  }
}

/** The person says now: what waited for its next try does not wait longer. */
async function hurry() {
  for (const { seq, state, retryAt } of await list()) if (state === "waiting" && retryAt) await outbox.change(seq, { retryAt: 0 });
}

/** The browser tries again, with the tab closed too, where we say that not all is sent. */
addEventListener("sync", (event) => event.waitUntil(send().then(async () => {
  const person = await recall("person"), signedOut = await recall("signedOut");
  if (!signedOut && (await list()).some((entry) => entry.person === person && entry.state === "waiting")) throw new Error("not all sent");
})));
addEventListener("periodicsync", (event) => event.waitUntil(fetchPack()));

/* --- The pack --------------------------------------------------------------------------------------------------------------- */

let packing;
/** Fetches the pack where there is none of today, or it is old. */
const fetchPack = (force = false) => packing ??= (async () => {
  const known = await recall("pack"), today = new Date().toDateString();
  if (!force && known?.person === await recall("person") && known?.build === BUILD && known.at > Date.now() - PACK_MS && new Date(known.at).toDateString() === today) return;
  const at = Date.now(), answer = await fetch("/pack", { redirect: "manual", headers: { "Outbox-Shell": BUILD } });
  if (answer.headers.has(WIPE)) return wipe();
  if (!answer.ok) return;
  const { pages, ...pack } = await answer.json(), policy = answer.headers.get(POLICY);
  if (pack.person !== await recall("person")) return;
  if (known?.build !== BUILD) await caches.delete("pages"); // they link files of another build
  const cache = await caches.open("pages");
  await Promise.all(Object.entries(pages).map(([path, text]) => cache.put(path, html(text, at, policy))));
  const used = new Set([...Object.values(pages), ...pack.screens.map((screen) => screen.html)].flatMap((text) =>
    [...text.matchAll(/ (?:src|href)="(\/static\/[^"#]+)/g)].map(([, address]) => address)));
  await Promise.all([...used].map((address) => fromShell(new Request(address))));
  if (pack.person !== await recall("person")) return void await caches.delete("pages"); // somebody else signed in meanwhile
  await remember("pack", { ...pack, at, policy, build: BUILD, pages: Object.keys(pages).length });
  tell("packed", { at });
})().finally(() => { packing = undefined; });

/** A page says who is signed in: another one than before finds nothing of the one before. */
async function hello(person) {
  await meet(person);
  await Promise.all([send(), fetchPack().catch(() => {})]);
}
async function meet(person) {
  if (await recall("person") !== person) {
    if ((await recall("pack"))?.person !== person) await forget();
    await remember("person", person);
  }
  await remember("signedOut", false);
}

addEventListener("message", (event) => {
  const { type, person, force, now, key } = event.data;
  if (key) awaited = key;
  const acts = { send: async () => (now && await hurry(), send()), claim: () => clients.claim(), hello: () => hello(person), pack: () => fetchPack(force) };
  if (type in acts) event.waitUntil(Promise.resolve(acts[type]()).catch(() => {}).then(() => event.ports[0]?.postMessage("done")));
});
