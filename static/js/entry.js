/**
 * A form's post as an entry of the outbox (static/js/outbox.js has its shape): read from the form, and put back into one.
 */
const { outbox } = self;
const root = document.documentElement;

export const make = (tag, className, text = "") => Object.assign(document.createElement(tag), { className, textContent: text });
export const parse = (html) => new DOMParser().parseFromString(html ?? "", "text/html");

/** A photo that is not sent yet. */
export const pictureOf = (photo, alt) => {
  const picture = Object.assign(make("img", "thumb"), { alt, src: URL.createObjectURL(photo) });
  picture.onload = () => URL.revokeObjectURL(picture.src);
  return picture;
};

export const addressOf = (form, submitter) => submitter?.getAttribute("formaction") ?? form.getAttribute("action");
/** The addresses that a form posts to: its own, and those of its buttons. */
export const addressesOf = (form) => [form, ...form.elements].map((part) => part.getAttribute("formaction") ?? part.getAttribute("action"));
export const formFor = (address) => [...document.forms].find((form) => addressesOf(form).includes(address));

/** An attribute of the button, else of the form or what is around it; {name} stands for the form's field. */
export const said = (form, submitter, name) => {
  const text = submitter?.getAttribute(name) ?? form.closest(`[${name}]`)?.getAttribute(name);
  return text?.replace(/\{(\w+)\}/g, (_all, field) => form.elements.namedItem(field)?.value ?? "");
};
export const isKept = (form, submitter) => said(form, submitter, "data-to") !== undefined;

const UNSAID = ["hidden", "file", "password", "search", "submit", "button"];
/** What the form says, as a person reads it: [label, text] of everything that is filled in. */
const wordsOf = (form) => [...form.elements].flatMap((field) => {
  const isChoice = ["radio", "checkbox"].includes(field.type), own = field.labels?.[0];
  if (!own && !field.ariaLabel || !field.name || field.disabled || UNSAID.includes(field.type)) return [];
  const group = field.type === "radio" && field.closest("fieldset")?.querySelector("legend");
  const text = isChoice ? field.checked && (group ? wordsIn(own) : "✓")
    : field.options ? field.value && [...field.selectedOptions].map((each) => each.text.trim()).join(", ")
    : field.type === "date" ? field.value && new Date(field.value).toLocaleDateString(root.lang, { dateStyle: "medium", timeZone: "UTC" })
    : field.value?.trim();
  return text ? [[wordsIn(group || own) || field.ariaLabel, text]] : [];
});
/** A label without the small print in it. */
const wordsIn = (label) => {
  const copy = label?.cloneNode(true);
  copy?.querySelectorAll("small, .field-error").forEach((part) => part.remove());
  return copy?.textContent.trim().replace(/\s+/g, " ") ?? "";
};

/** What a person has entered in a form, and what for. */
export const entered = (form, url) => JSON.stringify([url, ...[...new FormData(form)].map(([name, value]) =>
  [name, typeof value === "string" ? value : [value.name, value.size, value.lastModified]])
  .filter(([name]) => [...form.elements].some((field) => field.name === name && field.type !== "hidden"))]);

/** The post that a button of the form makes. */
export function entryOf(form, submitter) {
  const url = addressOf(form, submitter), data = new FormData(form, submitter), once = data.get("once"), says = wordsOf(form);
  data.delete("once");
  const fields = [["once", once], ...data].filter(([, value]) => typeof value === "string" || value.size);
  return {
    key: once, person: root.dataset.person, url, fields, at: new Date().toISOString(),
    to: said(form, submitter, "data-to") || location.pathname + location.search,
    from: says.length ? form.dataset.from ?? location.pathname + location.search : "", says,
    opens: said(form, submitter, "data-opens") ?? "",
    page: said(form, submitter, "data-page") ?? "",
    ids: [...new Set(outbox.idsIn([url, ...fields.map(([, value]) => typeof value === "string" ? value : "")].join(" ")))],
    label: (submitter ?? form.querySelector("button"))?.ariaLabel || (submitter ?? form.querySelector("button"))?.textContent.trim() || "",
    about: (form.closest("li, .sheet")?.querySelector("a") ?? document.querySelector("[data-about]") ?? document.querySelector(".bar h1"))?.textContent.trim() ?? "",
    shown: document.querySelector("[data-shown]")?.innerHTML,
  };
}

/** Puts values into a form's visible fields, photos too. */
export function setFields(form, fields) {
  for (const [name, value] of fields) {
    for (const field of form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
      if (value instanceof Blob) {
        const files = new DataTransfer();
        files.items.add(new File([value], value.name ?? "photo.jpg", { type: value.type }));
        field.files = files.files;
      } else if (["radio", "checkbox"].includes(field.type)) field.checked = field.value === value;
      else if (field.type !== "hidden") field.value = value;
    }
  }
}
