/* The basket while it is filled: its total, and a search that loses nothing.
   Each product is a row [data-price][data-tax] with the id "p" + its own, whether found (#matches) or in it (#chosen).
   A page that is drawn in place of another (kept.js) is wired like one that was loaded. */
import { money, price, readRate, readWhole } from "./sums.js";

export let form, chosen;
let estimate, bring;
const rows = (within = "") => form.querySelectorAll(within + " [data-price]");
export const rowOf = (id) => document.getElementById("p" + id);
export const quantityOf = (row) => row.querySelector("[type=number]");
export const discountOf = (row) => row.querySelector(".discount input");

/* What stands in a row; null where nothing is wanted of it. Nonsense is NaN. */
const read = (row) => {
  const field = quantityOf(row), typed = field.value.trim();
  if ((typed === "" || typed === "0") && !field.validity.badInput) return null;
  const percent = discountOf(row)?.value.trim();
  return { row, quantity: readWhole(typed), discount: percent ? readRate(percent) : 0, ...row.dataset };
};
export const basket = () => [...rows()].map(read).filter(Boolean);

export const count = () => {
  const lines = basket();
  for (const row of rows()) {
    const asked = row.querySelector(".discount");
    if (asked) asked.hidden = !lines.some((line) => line.row === row) && !discountOf(row).value;
  }
  const counted = lines.filter(({ quantity }) => quantity > 0).map((line) => ({ ...line, discount: line.discount || 0 }));
  document.getElementById("count").value = counted.length;
  estimate.querySelector("b").textContent = money(price(counted, estimate.dataset.included).gross, estimate.dataset);
};

/* What has a quantity goes into the basket before other products take its place, and the search box stays where it is. */
export const keep = () => {
  const before = form.q.getBoundingClientRect().top;
  for (const { row } of basket()) if (!chosen.contains(row)) chosen.append(row);
  scrollBy(0, form.q.getBoundingClientRect().top - before);
};

/* A search by the server; nothing is offered twice. */
document.addEventListener("htmx:before:swap", () => form?.isConnected && keep());
document.addEventListener("htmx:after:swap", () => {
  if (!form?.isConnected) return;
  for (const row of rows("#matches")) if (chosen.querySelector(`[id="${row.id}"]`)) row.remove();
  count();
});
const setLost = (lost) => document.getElementById("elsewhere")?.toggleAttribute("hidden", !lost);
document.addEventListener("htmx:after:request", () => setLost(false));
document.addEventListener("htmx:error", ({ detail: { ctx } }) => form?.contains(ctx?.sourceElement) && !ctx.response && setLost(true));

/* A draft ({fields: {name: [value]}}) may want products that are not shown. */
const ask = async (ids) => {
  const answer = await fetch(`${form.getAttribute("action").replace(/new$/, "products")}?ids=${ids}`);
  return answer.ok ? new DOMParser().parseFromString(await answer.text(), "text/html").querySelectorAll("[data-price]") : [];
};
export const bringBy = (other) => { bring = other; };
const restore = async ({ detail: { fields } }) => {
  const of = (which, id) => fields[`${which}-${id}`]?.find((value) => value.trim()) ?? "";
  const ids = Object.keys(fields).filter((name) => name.startsWith("quantity-")).map((name) => name.slice(9));
  const wanted = ids.filter((id) => readWhole(of("quantity", id) || "0") !== 0), missing = wanted.filter((id) => !rowOf(id));
  if (missing.length) chosen.append(...await bring(missing).catch(() => []));
  for (const id of wanted.filter(rowOf)) {
    const row = rowOf(id), discount = discountOf(row);
    quantityOf(row).value = of("quantity", id);
    if (discount) discount.value = of("discount", id);
  }
  keep();
  count();
};

const wire = () => {
  chosen = document.getElementById("chosen");
  form = chosen?.closest("form");
  if (!form) return;
  estimate = document.getElementById("estimate");
  bring = ask;
  form.addEventListener("draft:restore", restore);
  form.addEventListener("input", count);
  form.addEventListener("keydown", (event) => event.key === "Enter" && event.target.name === "q" && event.preventDefault());
  count();
};
addEventListener("pageshow", () => form?.isConnected && count()); // coming back, the browser fills in what was there
document.addEventListener("page:drawn", wire);
wire();
