/* The page Outbox: what waits on this phone, how old it is, what failed and why (templates/sync/outbox.html has the words). */
import { ask, correct, mine, parse, pictureOf, remedyOf, sendAnew, takeUp } from "./kept.js";

const { outbox } = self;
const box = () => document.getElementById("entries");
const says = (name, ...values) => values.reduce((text, value) => text.replace(/%[ns]/, value), box().getAttribute("data-text-" + name) ?? "");
const lang = document.documentElement.lang;
const when = (at) => new Date(at).toLocaleString(lang, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const make = (tag, values = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), values);
  element.append(...children);
  return element;
};
const SHORT = 120; // letters that need no folding away
const ORDER = ["refused", "waiting", "sent"];

const stateOf = (entry, signedOut, isBehind) => {
  if (entry.state === "sent") return [says("sent", when(entry.sentAt)), entry.doubtful && says("clock")].filter(Boolean).join(" ");
  if (entry.state === "refused") return says("refused");
  if (isBehind) return says("behind");
  if (signedOut) return says("signed-out");
  if (entry.status) return says("server", entry.status, entry.tries);
  return entry.tries ? says("tried", entry.tries) : says("waiting");
};
/** Why the server refused: what its page says. */
const whyOf = ({ answer, status }) => {
  const told = [...parse(answer).querySelectorAll(".errors li, .field-error, #error .note, #duplicates .note strong")].map((each) => each.textContent.trim().replace(/\s+/g, " "));
  return [...new Set(told)].slice(0, 4).join(" ") || says(String(status)) || says("other", status);
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
  part("strong").textContent = [entry.label, entry.about].filter(Boolean).join(" · ");
  part(".when").textContent = when(entry.at);
  row.dataset.seq = entry.seq;
  const content = contentOf(entry), words = (entry.says ?? []).map((each) => each.join(lang.startsWith("zh") ? "：" : ": ")).join(" · ");
  const isShort = words.length < SHORT && [...content.children].every((part) => part.matches(".facts"));
  part(".what").textContent = isShort ? words : "";
  part(".content").hidden = isShort;
  part(".content > div").append(content);
  part(".state").textContent = stateOf(entry, signedOut, isBehind);
  part(".why").textContent = isRefused ? whyOf(entry) : "";
  const both = isRefused && parse(entry.answer).querySelector("#error .table"); // mine and theirs
  if (both) part(".why").after(both);
  for (const text of row.querySelectorAll("p:empty")) text.remove();
  part(".act").hidden = entry.state === "sent";
  const { act: remedy, at } = isRefused ? remedyOf(entry) : {};
  part("[data-act=correct]").hidden = !["correct", "take-up"].includes(remedy);
  if (remedy === "anew") part(".anew a").href = entry.to;
  else part(".anew").remove();
  part("[data-act=again]").hidden = isBehind || remedy === "anew" || isRefused && entry.status === 413; // it would hear the same
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
    return make("section", { className: "card" }, make("h2", { textContent: `${says("title-" + state)} · ${some.length}` }), make("ul", { className: "rows" }, ...rows));
  });
  box().replaceChildren(...parts);
  for (const seq of read) box().querySelector(`[data-seq="${seq}"] .content`)?.setAttribute("open", "");
  document.getElementById("nothing").hidden = entries.some(({ state }) => state !== "sent");
  const others = all.filter((entry) => entry.state !== "sent" && !entries.includes(entry) && !entries.some(({ seq }) => seq === entry.seq)).length;
  const other = document.getElementById("other");
  other.hidden = !others;
  other.textContent = other.dataset.text.replace("%n", others);
}

/** Five hundred messages in a minute need no five hundred pages. */
let soon;
const showSoon = () => { soon ??= setTimeout(() => { soon = undefined; show(); }, 250); };

async function showPack(said = "") {
  const line = document.getElementById("pack"), pack = await outbox.recall("pack");
  line.textContent = said ? line.getAttribute("data-text-" + said)
    : pack ? line.getAttribute("data-text-at").replace("%n", pack.pages).replace("%s", when(pack.at)) : line.getAttribute("data-text-none");
}

function start() {
  if (!box()) return;
  show();
  showPack();
  document.getElementById("send").addEventListener("click", () => ask({ type: "send", now: true }).then(show));
  document.getElementById("fetch").addEventListener("click", async () => {
    const before = (await outbox.recall("pack"))?.at;
    await showPack("busy");
    await ask({ type: "pack", force: true });
    await showPack((await outbox.recall("pack"))?.at === before ? "failed" : "");
  });
}
new BroadcastChannel("fieldbook").addEventListener("message", ({ data }) => {
  if (!box()) return;
  showSoon();
  if (data.type === "packed") showPack();
});
document.addEventListener("page:drawn", start);
start();
