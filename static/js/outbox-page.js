/* The page Outbox: what waits on this phone, how old it is, what failed and why (templates/sync/outbox.html has the words). */
import { ask, correct, mine, takeUp } from "./kept.js";

const { outbox } = self;
const box = () => document.getElementById("entries");
const says = (name, ...values) => values.reduce((text, value) => text.replace(/%[ns]/, value), box().getAttribute("data-text-" + name) ?? "");
const lang = document.documentElement.lang;
const when = (at) => new Date(at).toLocaleString(lang, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
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
  const page = new DOMParser().parseFromString(answer, "text/html");
  const told = [...page.querySelectorAll(".errors li, .field-error, #error .note, #duplicates .note strong")].map((each) => each.textContent.trim().replace(/\s+/g, " "));
  return [...new Set(told)].slice(0, 4).join(" ") || says(String(status)) || says("other", status);
};
const opensAgain = ({ answer }) => new DOMParser().parseFromString(answer, "text/html").querySelector("#error a.primary")?.getAttribute("href");

function rowOf(entry, signedOut, isBehind) {
  const row = document.getElementById("entry").content.cloneNode(true).firstElementChild;
  const part = (which) => row.querySelector(which), isRefused = entry.state === "refused";
  row.className = { refused: "bad", waiting: "warn", sent: "ok" }[entry.state];
  part(".lead").textContent = { refused: "!", waiting: "↑", sent: "✓" }[entry.state];
  part("strong").textContent = [entry.label, entry.about].filter(Boolean).join(" · ");
  part(".when").textContent = when(entry.at);
  part(".what").textContent = entry.fields.filter(([name, value]) => typeof value === "string" && value && ["text", "reason", "note", "name", "purpose"].includes(name))
    .map(([, value]) => value.slice(0, 300)).join(" · ");
  part(".state").textContent = stateOf(entry, signedOut, isBehind);
  part(".why").textContent = isRefused ? whyOf(entry) : "";
  const both = isRefused && new DOMParser().parseFromString(entry.answer, "text/html").querySelector("#error .table"); // mine and theirs
  if (both) part(".why").after(both);
  for (const text of row.querySelectorAll("p:empty")) text.remove();
  part(".act").hidden = entry.state === "sent";
  part("[data-act=again]").hidden = isBehind;
  part("[data-act=correct]").hidden = !isRefused || ![400, 409, 422].includes(entry.status);
  part(".act").addEventListener("click", async ({ target }) => {
    const { act } = target.dataset;
    if (act === "remove") await outbox.remove(entry.seq);
    if (act === "again") await outbox.change(entry.seq, { state: "waiting", retryAt: 0, status: 0 }), ask({ type: "send" });
    if (act === "correct") return opensAgain(entry) ? takeUp(entry, opensAgain(entry)) : correct(entry);
    if (act) show(true);
  });
  return row;
}

async function show(now = false) {
  if (!box() || !now && box().querySelector("details[open]")) return; // nobody loses the question just opened
  const entries = await mine(), signedOut = await outbox.recall("signedOut"), all = await outbox.list();
  const parts = ORDER.map((state) => {
    const some = entries.filter((entry) => entry.state === state);
    if (state === "sent") some.reverse();
    if (!some.length) return "";
    const card = Object.assign(document.createElement("section"), { className: "card" });
    const head = Object.assign(document.createElement("h2"), { textContent: `${says("title-" + state)} · ${some.length}` });
    const rows = Object.assign(document.createElement("ul"), { className: "rows" });
    const made = (entry) => entries.some((before) => before.state === "refused" && before.seq < entry.seq && before.opens && entry.ids.includes(before.opens));
    rows.append(...some.slice(0, 500).map((entry) => rowOf(entry, signedOut, state === "waiting" && made(entry))));
    card.append(head, rows);
    return card;
  });
  box().replaceChildren(...parts);
  document.getElementById("nothing").hidden = entries.some(({ state }) => state !== "sent");
  const others = all.filter((entry) => entry.state !== "sent" && !entries.includes(entry) && !entries.some(({ seq }) => seq === entry.seq)).length;
  const other = document.getElementById("other");
  other.hidden = !others;
  other.textContent = other.dataset.text.replace("%n", others);
}

async function showPack(said = "") {
  const line = document.getElementById("pack"), pack = await outbox.recall("pack");
  line.textContent = said ? line.getAttribute("data-text-" + said)
    : pack ? line.getAttribute("data-text-at").replace("%n", pack.pages).replace("%s", when(pack.at)) : line.getAttribute("data-text-none");
}

function start() {
  if (!document.getElementById("entries")) return;
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
  if (!document.getElementById("entries")) return;
  show();
  if (data.type === "packed") showPack();
});
document.addEventListener("page:drawn", start);
start();
