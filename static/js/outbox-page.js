/* The page Outbox: what waits on this phone, how old it is, what failed and why (templates/sync/outbox.html). */
import { parse, pictureOf } from "./entry.js";
import { ask, mine } from "./kept.js";
import { correct, remedyOf, sendAnew, takeUp } from "./refused.js";
import { _ } from "./words.js";

const { outbox } = self;
const box = () => document.getElementById("entries");
const lang = document.documentElement.lang;
const when = (at) => new Date(at).toLocaleString(lang, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const make = (tag, values = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), values);
  element.append(...children);
  return element;
};
const SHORT = 120; // letters that need no folding away
const ORDER = ["refused", "waiting", "sent"];

const stateOf = ({ state, sentAt, doubtful, status, tries }, signedOut, isBehind) => {
  if (state === "sent") return _("Sent at %(time)s", { time: when(sentAt) }) + (doubtful ? " " + _("Check the phone's clock: the time of arrival counts.") : "");
  if (state === "refused") return _("Not accepted");
  if (isBehind) return _("Waits for the entry before it");
  if (signedOut) return _("Sign in again, then it is sent");
  if (status) return _("The server could not take it (%(status)s); tried %(tries)s times, goes on by itself", { status, tries });
  return tries ? _("Tried %(tries)s times, goes on by itself", { tries }) : _("Waits for a connection");
};
const REASONS = {
  404: _("What it belongs to is gone, or not yours any more."),
  409: _("Changed in the meantime, or sent before with other contents."),
  413: _("Too large for the server."),
};
const BOTH = "#error .table"; // mine and theirs
const TITLES = { refused: _("Needs you"), waiting: _("Waits to be sent"), sent: _("Sent in the last 36 hours") };
/** Why the server refused: what its page says, once each. */
const whyOf = ({ answer, status }) => {
  const page = parse(answer), all = (which) => [...page.querySelectorAll(which)].map((each) => each.textContent.trim().replace(/\s+/g, " "));
  if (page.querySelector(BOTH)) return _("Somebody else changed it meanwhile. Compare both, then correct and send yours, or throw it away.");
  const summary = all(".errors li");
  const told = summary.length ? summary : all(".field-error, #error .note strong, #error .note p, #problem .note, #duplicates .note strong");
  return [...new Set(told)].slice(0, 4).join(" ") || REASONS[status] || _("The server answered %(status)s.", { status });
};
/** What the entry says: what was filled in, what was reviewed, the photos. */
function contentOf(entry) {
  const facts = make("dl", { className: "facts" }), page = document.createDocumentFragment();
  for (const [label, text] of entry.says ?? []) facts.append(make("dt", { textContent: label }), make("dd", { className: "lines", textContent: text }));
  if (facts.children.length) page.append(facts);
  if (entry.shown) page.append(...parse(entry.shown).body.childNodes);
  for (const [, value] of entry.fields) if (value instanceof Blob) page.append(pictureOf(value, entry.label));
  return page;
}

function rowOf(entry, signedOut, isBehind) {
  const row = document.getElementById("entry").content.cloneNode(true).firstElementChild;
  const part = (which) => row.querySelector(which), isRefused = entry.state === "refused";
  row.className = { refused: "bad", waiting: "warn", sent: "ok" }[entry.state];
  part(".lead").textContent = { refused: "!", waiting: "↑", sent: "✓" }[entry.state];
  part("strong").textContent = entry.label.includes(entry.about) ? entry.label : `${entry.label} · ${entry.about}`;
  part(".when").textContent = when(entry.at);
  row.dataset.seq = entry.seq;
  const content = contentOf(entry), words = (entry.says ?? []).map((each) => each.join(lang.startsWith("zh") ? "：" : ": ")).join(" · ");
  const isShort = words.length < SHORT && [...content.children].every((part) => part.matches(".facts"));
  part(".what").textContent = isShort ? words : "";
  part(".content").hidden = isShort;
  part(".content > div").append(content);
  part(".state").textContent = stateOf(entry, signedOut, isBehind);
  part(".why").textContent = isRefused ? whyOf(entry) : "";
  const both = isRefused && parse(entry.answer).querySelector(BOTH);
  if (both) part(".why").after(both);
  for (const text of row.querySelectorAll("p:empty")) text.remove();
  part(".act").hidden = entry.state === "sent";
  const { act: remedy, at } = isRefused ? remedyOf(entry) : {};
  part("[data-act=correct]").hidden = !["correct", "take-up"].includes(remedy);
  if (remedy === "anew") part(".anew a").href = entry.to;
  else part(".anew").remove();
  part("[data-act=again]").hidden = isBehind || remedy === "anew" || isRefused && (entry.status === 413 || both); // it would hear the same
  part(".act").addEventListener("click", async ({ target }) => {
    const { act } = target.dataset;
    if (act === "remove") await outbox.remove(entry.seq);
    if (act === "again") await outbox.change(entry.seq, { state: "waiting", retryAt: 0, status: 0 }), ask({ type: "send" });
    if (act === "anew") await sendAnew(entry);
    if (act === "correct") return remedy === "correct" ? correct(entry) : takeUp(entry, at);
    if (act) show(true);
  });
  return row;
}

async function show(now = false) {
  if (!box() || !now && box().querySelector(".dialog[open]")) return; // nobody loses the question just opened
  const read = [...box().querySelectorAll(".content[open]")].map((each) => each.closest("li").dataset.seq);
  const entries = await mine(), signedOut = await outbox.recall("signedOut"), all = await outbox.list();
  const parts = ORDER.map((state) => {
    const some = entries.filter((entry) => entry.state === state);
    if (state === "sent") some.reverse();
    if (!some.length) return "";
    const made = (entry) => entries.some((before) => before.state === "refused" && before.seq < entry.seq && before.opens && entry.ids.includes(before.opens));
    const rows = some.slice(0, 500).map((entry) => rowOf(entry, signedOut, state === "waiting" && made(entry)));
    return make("section", { className: "card" }, make("h2", { textContent: `${TITLES[state]} · ${some.length}` }), make("ul", { className: "rows" }, ...rows));
  });
  box().replaceChildren(...parts);
  for (const seq of read) box().querySelector(`[data-seq="${seq}"] .content`)?.setAttribute("open", "");
  document.getElementById("nothing").hidden = entries.some(({ state }) => state !== "sent");
  const others = all.filter((entry) => entry.state !== "sent" && !entries.includes(entry) && !entries.some(({ seq }) => seq === entry.seq)).length;
  const other = document.getElementById("other");
  other.hidden = !others;
  other.textContent = _("%(number)s entries of somebody else also wait on this phone. They are sent when that person signs in here.", { number: others });
}

/** Five hundred messages in a minute need no five hundred pages. */
let soon;
const showSoon = () => { soon ??= setTimeout(() => { soon = undefined; show(); }, 250); };

async function showPack(said) {
  const pack = await outbox.recall("pack");
  document.getElementById("pack").textContent = said
    || (pack ? _("%(number)s pages of your day are on this phone, as of %(time)s.", { number: pack.pages, time: when(pack.at) }) : _("Today's pages are not on this phone yet."));
}

function start() {
  if (!box()) return;
  show();
  showPack();
  document.getElementById("send").addEventListener("click", () => ask({ type: "send", now: true }).then(show));
  document.getElementById("fetch").addEventListener("click", async () => {
    const before = (await outbox.recall("pack"))?.at;
    await showPack(_("Fetching today's pages…"));
    await ask({ type: "pack", force: true });
    await showPack((await outbox.recall("pack"))?.at === before && _("No connection: they could not be fetched."));
  });
}
new BroadcastChannel("fieldbook").addEventListener("message", ({ data }) => {
  if (!box()) return;
  showSoon();
  if (data.type === "packed") showPack();
});
document.addEventListener("page:drawn", start);
start();
