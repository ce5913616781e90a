/* The review, where the server cannot be asked for it: what is wrong in the words that the server has for it, else the
   basket as it will stand on paper, in place of the form. #look has the words and the pattern (templates/sales/_look.html).
   app.js says "look:offline" to the form when a look at the review gets no answer. */
import { basket, discountOf, form, quantityOf } from "./basket.js";
import { fill, said } from "./patterns.js";
import { money, percent, price } from "./sums.js";

let look, words, places, title, usual;
let shown = [], covered = [];
const amount = (minor) => money(minor, words);
const MARK = "-error";

/* Today at the company, where days are counted; `days` from it. */
const today = (days = 0) => {
  const day = new Date(new Intl.DateTimeFormat("sv", { timeZone: words.zone }).format(new Date()));
  day.setUTCDate(day.getUTCDate() + days);
  return day.toISOString().slice(0, 10);
};
const dayText = (iso) => iso && new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeZone: "UTC" }).format(new Date(iso));

/* --- What is wrong --- */

const wrongIn = ({ row, quantity, discount }) => [
  [quantityOf(row), Number.isNaN(quantity) ? words.textWhole : quantity < +words.least || quantity > +words.most ? words.textRange : ""],
  [discountOf(row), Number.isNaN(discount) ? words.textRate : discount > +words.limit ? words.textLimit : ""],
].filter(([, text]) => text);

const wrongAround = () => ["delivery_on", "delivery_place", "customer_reference", "note", "valid_until"].flatMap((name) => {
  const field = form.elements[name], { badInput, rangeUnderflow, rangeOverflow } = field.validity;
  if (badInput) return [[field, words.textDate]];
  if (rangeUnderflow || rangeOverflow) return [[field, rangeUnderflow ? field.dataset.textMin : field.dataset.textMax]];
  return field.maxLength > 0 && field.value.length > field.maxLength ? [[field, said(words.textLong, { number: field.maxLength })]] : [];
});

const wrongInAll = (lines, isReadable) => {
  if (!lines.length) return [words.textNone];
  if (lines.length > +words.mostLines) return [said(words.textMany, { count: lines.length })];
  const most = (total, line) => total + BigInt(line.quantity) * BigInt(line.price) * BigInt(10000 + +line.tax);
  return isReadable && lines.reduce(most, 0n) > BigInt(words.largest) * 10000n ? [words.textLarge] : [];
};

const mark = (field, text) => {
  const error = Object.assign(document.createElement("span"), { className: "field-error", id: (field.id || field.name) + MARK, textContent: text });
  const row = field.closest("[data-price]");
  if (!row) field.after(error);
  else if (field === discountOf(row)) field.closest(".discount").after(error);
  else [...row.querySelectorAll("p")].at(-1).after(error);
  field.setAttribute("aria-invalid", true);
  field.setAttribute("aria-describedby", [field.getAttribute("aria-describedby"), error.id].filter(Boolean).join(" "));
};
const unmark = () => {
  for (const old of form.querySelectorAll(".field-error, .errors")) old.remove();
  for (const field of form.querySelectorAll("[aria-invalid]")) {
    const left = (field.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => !id.endsWith(MARK)).join(" ");
    left ? field.setAttribute("aria-describedby", left) : field.removeAttribute("aria-describedby");
    field.removeAttribute("aria-invalid");
  }
};

const complain = (inRows, around, inAll) => {
  const box = Object.assign(document.createElement("div"), { className: "errors", role: "alert", tabIndex: -1 });
  const isListed = around.length + inAll.length > 0, list = document.createElement("ul");
  const item = (child) => { const each = document.createElement("li"); each.append(child); list.append(each); };
  inAll.forEach(item);
  for (const [field, problem] of around) {
    const label = form.querySelector(`label[for="${field.id}"]`).firstChild.data.trim();
    item(Object.assign(document.createElement("a"), { href: "#" + field.id, textContent: said(words.textField, { label, problem }) }));
  }
  const head = document.createElement("strong");
  head.textContent = isListed ? words.textCheck : words.textMarked;
  box.append(head, ...isListed ? [list] : []);
  for (const [field, text] of [...inRows, ...around]) mark(field, text);
  if (inRows.length) document.getElementById("basket").open = true;
  form.prepend(box);
  box.focus();
};

/* --- How it will stand --- */

const filled = (lines) => {
  const given = Object.fromEntries(["sale_id", "visit_id", "delivery_on", "delivery_place", "customer_reference", "note", "valid_until"]
    .map((name) => [name, form.elements[name].value.trim()]));
  given.delivery_place ||= form.elements.place?.value ?? "";
  const priced = price(lines, words.included);
  const fact = (text) => text ? [{ fact: text }] : [];
  const facts = { delivery_on: fact(dayText(given.delivery_on)), ...Object.fromEntries(["delivery_place", "customer_reference", "note"].map((name) => [name, fact(given[name])])) };
  const once = crypto.randomUUID?.() ?? form.elements.once.value;
  return {
    lines: lines.map(({ row, quantity, discount, price: unitPrice }, index) => {
      const unit = row.querySelector("p").textContent.split(" / ").slice(1).join(" / ");
      return {
        number: index + 1,
        name: row.querySelector("strong").textContent,
        terms: `${quantity}${unit && " " + unit} × ${amount(unitPrice)}${discount ? ` − ${percent(discount)}%` : ""}`,
        amount: amount(priced.lines[index][words.included ? "gross" : "net"]),
      };
    }),
    discounts: priced.discount ? [{ amount: amount(priced.discount) }] : [],
    net: amount(priced.net),
    taxes: priced.taxes.map(({ rate, tax }) => ({ rate: percent(rate), tax: amount(tax) })),
    gross: amount(priced.gross),
    facts: Object.values(facts).some((each) => each.length) ? [facts] : [],
    fields: [
      { name: "once", value: once },
      ...Object.entries(given).map(([name, value]) => ({ name, value })),
      ...lines.flatMap(({ row, quantity, discount, price: unitPrice }) => {
        const id = row.id.slice(1), fields = [["quantity", quantity], ["price", unitPrice]];
        return [...fields, ...discount ? [["discount", percent(discount)]] : []].map(([name, value]) => ({ name: `${name}-${id}`, value }));
      }),
    ],
    valid_until: dayText(given.valid_until || today(+words.quoteDays)),
  };
};

const hide = () => {
  if (!shown.length) return;
  for (const each of shown) each.remove();
  for (const each of covered) each.hidden = false;
  shown = covered = [];
  title.textContent = usual;
};
const show = (lines) => {
  hide();
  const review = fill(look, filled(lines));
  const away = places.bar.querySelectorAll(".back"); // it would leave the basket behind
  covered = [...places.main.children, ...places.dock.children, ...away].filter((each) => !each.hidden);
  for (const each of covered) each.hidden = true;
  for (const part of review.querySelectorAll("[data-place]")) {
    shown.push(...part.children);
    places[part.dataset.place].append(...part.children);
  }
  title.textContent = words.title;
  if (!history.state?.review) history.pushState({ review: true }, "");
  scrollTo(0, 0);
  document.getElementById("main").focus({ preventScroll: true });
};
document.addEventListener("page:back", (event) => {
  if (!shown[0]?.isConnected) return;
  event.preventDefault(); // the page is the same: nobody loads it anew
  hide();
});
addEventListener("click", ({ target }) => target.closest?.("[data-change]") && history.back());
/* What is kept now was written in the form under the review: its draft has done its work. */
addEventListener("outbox:kept", ({ target, detail }) => {
  if (target.id === "placing") form.dispatchEvent(new CustomEvent("outbox:kept", { bubbles: true, detail }));
});

document.addEventListener("look:offline", (event) => {
  if (event.target !== form) return;
  if ((event.detail?.submitter?.value ?? "review") !== "review") return;
  event.preventDefault();
  unmark();
  const lines = basket(), inRows = lines.flatMap(wrongIn), around = wrongAround(), inAll = wrongInAll(lines, !inRows.length);
  inRows.length || around.length || inAll.length ? complain(inRows, around, inAll) : show(lines);
}, true);

const wire = () => {
  look = document.getElementById("look");
  if (!look || !form) return;
  words = look.dataset;
  places = { bar: document.querySelector(".bar"), main: document.querySelector("main > .stack"), dock: document.querySelector(".dock") };
  title = document.querySelector("h1");
  usual = title.textContent;
  shown = covered = [];
  for (const name of ["delivery_on", "valid_until"]) form.elements[name].min = today(); // a kept page may be of yesterday
};
document.addEventListener("page:drawn", wire);
wire();
