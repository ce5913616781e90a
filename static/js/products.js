/* The order form that the phone keeps: all products of its price list are in the page, and found here.
   #products: JSON of [id, code, name, unit, category, barcode, amount, tax]; #product: the pattern of a row, which also
   carries the customer's last order. */
import { bringBy, chosen, count, discountOf, form, keep, quantityOf, rowOf } from "./basket.js";
import { fold, partsOf } from "./folding.js";
import { fill } from "./patterns.js";
import { money } from "./sums.js";

const at = (id) => document.getElementById(id);
const pattern = at("product"), look = at("look").dataset, place = at("place");
const asked = new URL(location.href).searchParams;

const products = JSON.parse(at("products").textContent).map(([id, code, name, unit, category, barcode, amount, tax]) =>
  ({ id, code, name, unit, category, amount, tax, text: [code, name, barcode, category].map(fold).join(" ") }));
const known = new Map(products.map((product) => [product.id, product]));
const make = (product, discount) => {
  const unit = product.unit && ` / ${product.unit}`;
  const row = fill(pattern, { ...product, price: money(product.amount, look) + unit }).firstElementChild;
  if (!+look.limit && !discount) row.querySelector(".discount").remove();
  return row;
};

let category = "";
const find = () => {
  keep();
  const words = form.q.value.split(/\s+/).map(partsOf).filter((parts) => parts.length).slice(0, 8);
  const found = products.filter((each) => (!category || each.category === category)
    && words.every((parts) => parts.some((part) => each.text.includes(part)))
    && !chosen.contains(rowOf(each.id)));
  at("found").replaceChildren(...found.slice(0, +pattern.dataset.most).map((each) => make(each)));
  at("more").hidden = found.length <= +pattern.dataset.most;
  at("none").hidden = found.length > 0;
  count();
};
form.q.addEventListener("input", find);
form.addEventListener("click", ({ target }) => {
  if (target.dataset.category === undefined) return;
  category = target.dataset.category;
  for (const chip of form.querySelectorAll("[data-category]")) {
    chip.classList.toggle("primary", chip === target);
    chip.setAttribute("aria-pressed", chip === target);
  }
  find();
});

const put = (id, quantity, discount) => {
  const row = rowOf(id) ?? make(known.get(id), discount);
  quantityOf(row).value = quantity;
  if (discountOf(row)) discountOf(row).value = discount;
  chosen.append(row);
};
bringBy(async (ids) => ids.filter((id) => known.has(id)).map((id) => make(known.get(id))));

const tell = (id, values) => at("told").append(fill(at(id), values));
const setPlace = (address) => {
  place.value = address;
  if (place.value !== address) place.value = "", form.delivery_place.value = address;
};
const copy = () => {
  const last = JSON.parse(pattern.dataset.last || "null");
  if (!last || !["last", last.id].includes(asked.get("copy"))) return tell("not_here", {});
  const gone = [];
  for (const [id, quantity, discount, name] of last.lines) known.has(id) ? put(id, quantity, discount) : gone.push(name ?? "?");
  tell("copied", { number: pattern.dataset.number });
  if (gone.length) tell("gone", { names: gone.join(", ") });
  setPlace(last.place);
  form.note.value = last.note;
  at("basket").open = chosen.children.length > 0;
};

/* A customer that this phone made has only what was filled in. */
const { street, city } = pattern.dataset;
if (place.options.length < 2 && street) {
  const whole = !city || street.includes(city) ? street : /\p{Script=Han}/u.test(street) ? city + street : `${street}, ${city}`;
  place.add(new Option(whole, whole, true, true));
}
place.closest(".field").hidden = place.options.length < 2;

form.visit_id.value ||= asked.get("visit") ?? "";
const again = document.querySelector("a[href='?copy=last']");
if (again && form.visit_id.value) again.search = new URLSearchParams({ copy: "last", visit: form.visit_id.value });
if (asked.get("copy")) {
  copy();
  if (again) again.hidden = true;
}
find();
