/* One form's draft: kept, brought back, thrown away. drafts.js loads this and has the contract. */
import { forms, open, person, typed } from "./drafts.js";

const KEPT_MS = 14 * 864e5;
const PAUSE_MS = 300; // in typing
const { lang } = document.documentElement;
/* form: once its draft was looked for, {sent: names of what is in the draft and in the server's page, away: what is in the draft and
   in no field, such as quantities of products that are not shown}. */
const drafted = new WeakMap();
const dirty = new Set();
let timer, brought;

const FIELDS = "textarea, select, input:not([name=once], [data-new-id], [type=password], [type=search], [type=submit], [type=button])";
const fields = (form) => [...form.elements].filter((field) => field.name && field.matches(FIELDS));
const isHidden = ({ type }) => type === "hidden";
const isTicked = ({ type }) => type === "checkbox" || type === "radio";
const about = (form) => drafted.get(form) ?? drafted.set(form, { sent: [], away: {} }).get(form);

/* Ids name the row that a form is about: the same form for another row is another draft. */
const ID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;
const keyOf = (form) => {
  const ids = fields(form).filter((field) => isHidden(field) && ID.test(field.value)).map(({ value }) => value);
  return [person, forms.get(form).path, [form.getAttribute("action"), ...ids].join(" ")];
};

/* Whether a field holds something else than the server sent. */
const differs = (field) => {
  if (isHidden(field)) return (forms.get(field.form).came.get(field) ?? field.value) !== field.value;
  if (isTicked(field)) return field.checked !== field.defaultChecked;
  if (field.files) return field.files.length > 0;
  if (!field.options) return field.value !== field.defaultValue;
  if (!field.multiple && !field.querySelector("[selected]")) return field.selectedIndex > 0;
  return [...field.options].some((each) => each.selected !== each.defaultSelected);
};

/* A line over the form: "back" with the way to discard it, or "lost". */
const clock = (at) => new Date(at).toLocaleString(lang, {
  hour: "2-digit", minute: "2-digit", hourCycle: "h23",
  ...(new Date(at).toDateString() !== new Date().toDateString() && { day: "numeric", month: "short" }),
});
const say = async (form, which, at) => {
  form.querySelector("[data-draft]")?.remove();
  if (!which) return;
  const { _ } = await import("./words.js"); // only now: this script must be there at once
  const back = which === "back", line = Object.assign(document.createElement("div"), { className: back ? "note" : "note warn", role: "status" });
  const words = line.appendChild(document.createElement("div")).appendChild(document.createElement("strong"));
  words.textContent = back ? _("Your draft of %(time)s is back.", { time: clock(at) })
    : _("This phone cannot keep drafts now: what you write here is kept only when you save it.");
  if (back) line.append(Object.assign(document.createElement("button"), { type: "button", className: "button", textContent: _("Discard") }));
  line.dataset.draft = which;
  form.prepend(line);
  form.closest("details")?.setAttribute("open", "");
};

export const drop = (form) => {
  dirty.delete(form);
  drafted.delete(form);
  say(form);
  return open((drafts) => drafts.delete(keyOf(form))).catch(() => {});
};

const save = (form) => {
  const { sent, away } = about(form), data = new FormData(form), values = {};
  const refused = form.querySelector(".errors"); // the server's page holds what was typed: all of it is the person's
  const kept = fields(form).filter((field) => refused || sent.includes(field.name) || field.name === "version" || differs(field));
  for (const name in away) if (!form.elements.namedItem(name)) values[name] = away[name];
  if (kept.every(isHidden) && !Object.keys(values).length) return drop(form);
  for (const { name } of kept) values[name] = data.getAll(name).filter(({ size }) => size !== 0); // no file chosen is one of 0 bytes
  const draft = { at: Date.now(), fields: values, ready: !!form.querySelector("[data-photo-state=ready]") };
  return open((drafts) => drafts.put(draft, keyOf(form))).catch(() => say(form, "lost"));
};
const flush = () => {
  clearTimeout(timer);
  dirty.forEach(save);
  dirty.clear();
};
export const touch = async (form) => {
  await (brought ?? bring()); // else it would be written over before it is seen
  dirty.add(form);
  clearTimeout(timer);
  timer = setTimeout(flush, PAUSE_MS);
};

const put = (field, values, value) => {
  if (isTicked(field)) field.checked = values.includes(field.value);
  else if (field.options) for (const each of field.options) each.selected = values.includes(each.value);
  else if (field.type === "file") {
    const box = new DataTransfer();
    for (const file of values) box.items.add(file);
    field.files = box.files;
  } else field.value = value ?? "";
};
const tell = (target, detail, ...events) => events.every((name) =>
  target.dispatchEvent(new CustomEvent(name, { bubbles: true, cancelable: true, detail: { ...detail, brought: true } })));
const flat = (values) => values.map((value) => value.size ?? value).filter((value) => value !== 0).join("\n");

const restore = (form, { at, fields: values, ready }) => {
  const data = new FormData(form), filled = [], met = {};
  const newer = new Set(fields(form).filter((field) => typed.has(field)).map(({ name }) => name)); // typed meanwhile: that stays
  const isKnown = (name) => name === "version" || flat(values[name]) === flat(data.getAll(name));
  if (form.querySelector(".errors") || fields(form).every(isHidden)) return;
  if (Object.keys(values).every(isKnown)) return about(form).sent = Object.keys(values); // the server's page has it all
  about(form).away = Object.fromEntries(Object.entries(values).filter(([name]) => !data.has(name) && !form.elements.namedItem(name)));
  if (tell(form, { fields: values }, "draft:restore")) {
    for (const field of fields(form)) {
      const found = values[field.name];
      const nth = met[field.name] = (met[field.name] ?? -1) + 1;
      if (!found || newer.has(field.name)) continue;
      put(field, found, found[nth]);
      if (!isHidden(field)) filled.push(field);
    }
  }
  for (const field of filled) tell(field, { ready }, "input", "change");
  say(form, "back", at);
};

export const bring = () => {
  const found = [...forms.keys()].filter((form) => form.isConnected && !drafted.has(form));
  found.forEach(about);
  return brought = open((drafts) => drafts.openCursor().onsuccess = ({ target: { result: cursor } }) => {
    if (!cursor) return;
    if (Date.now() - cursor.value.at > KEPT_MS) cursor.delete();
    else for (const form of found) if (`${cursor.key}` === `${keyOf(form)}`) restore(form, cursor.value);
    cursor.continue();
  }).catch(() => {});
};

addEventListener("pagehide", flush);
document.addEventListener("visibilitychange", flush);
document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
  if (forms.has(ctx?.sourceElement) && ctx.response.status < 400) drop(ctx.sourceElement);
});
addEventListener("click", ({ target }) => {
  const form = target.closest?.("[data-draft] button")?.form;
  if (!form) return;
  for (const [field, value] of forms.get(form).came) field.value = value;
  form.reset();
  tell(form, {}, "draft:discard", "input", "change");
  drop(form);
});
