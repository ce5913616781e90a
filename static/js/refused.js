/**
 * An entry that the server refused, and what helps: it is corrected, sent as a new one, or only explained.
 */
import { formFor, make, parse, setFields } from "./entry.js";
import { ask, draw, mine } from "./kept.js";
import { _ } from "./words.js";

const { outbox } = self;

/** What helps against a refusal: the form in the server's answer ("correct"), the page `at` that has the form ("take-up"), a key of its own
 *  ("anew"), or nothing (""). */
export function remedyOf({ status, answer, from }) {
  const page = parse(answer), again = page.querySelector("#error a.primary")?.getAttribute("href");
  if (page.querySelector("main form[method=post]")) return { act: "correct" };
  if ([404, 413].includes(status)) return { act: "" };
  if (again && !again.startsWith("/sw.js")) return { act: "take-up", at: again };
  if ([400, 409].includes(status)) return { act: "anew" };
  return { act: from ? "take-up" : "", at: from };
}

/** Opens the server's answer to a refused entry, ready to be corrected: what is sent then replaces the entry. */
export async function correct(entry) {
  await draw(entry.answer, location.pathname + location.search);
  const form = formFor(entry.url);
  if (form) takeOver(form, entry), setFields(form, entry.fields.filter(([, value]) => value instanceof Blob));
}
/** What the form posts is then the entry, corrected: under its key, in its place. */
function takeOver(form, { seq, key, from, fields }) {
  form.dataset.replaces = seq;
  form.dataset.from = from;
  form.elements.once.value = key;
  form.elements.once.dataset.kept = "";
  for (const field of form.querySelectorAll("[data-new-id]")) field.value = fields.find(([name]) => name === field.name)?.[1] ?? field.value;
}

/** Sends a refused entry as another one than what the server has under its key; so is the row that it was to make. */
export async function sendAnew({ seq, key, ...entry }) {
  const made = entry.opens && entry.opens !== key && !entry.url.includes(entry.opens) ? entry.opens : "", fresh = outbox.newId(), row = outbox.newId();
  const change = (text) => typeof text === "string" ? (made ? text.replaceAll(made, row) : text).replaceAll(key, fresh) : text;
  await outbox.keep({
    ...entry, key: fresh, fields: entry.fields.map(([name, value]) => [name, name === "once" ? fresh : change(value)]),
    to: change(entry.to), page: change(entry.page ?? ""), opens: change(entry.opens), ids: entry.ids.map(change), state: "waiting", tries: 0, status: 0, retryAt: 0, answer: "",
  }, seq);
  await ask({ type: "send" });
}

/** Opens the page of a form with the values of an entry that was refused. */
export function takeUp(entry, address) {
  sessionStorage.setItem("take-up", entry.seq);
  location.assign(address);
}
/** On that page: the values are put into its form. */
export async function takenUp() {
  const seq = Number(sessionStorage.getItem("take-up"));
  sessionStorage.removeItem("take-up");
  const entry = seq && (await mine()).find((each) => each.seq === seq);
  const form = entry && formFor(entry.url);
  if (entry && !form) {
    document.querySelector("#main .stack").prepend(make("p", "note warn", _("Its form is not on this page any more. The entry is still in the outbox.")));
  }
  if (form) setFields(form, entry.fields), takeOver(form, entry);
}
