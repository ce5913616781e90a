/* The basket while it is filled: an estimate of the total (the server's counts), and a search that loses nothing. */
const [form, estimate, chosen] = ["order", "estimate", "chosen"].map((id) => document.getElementById(id));
const { sign, digits, included } = estimate.dataset;
const rows = (within = "") => form.querySelectorAll(within + " [data-price]");
const number = (row, which) => +row.querySelector(which)?.value || 0;
const wanted = (row) => number(row, "[type=number]");

const count = () => {
  const sums = {};
  let total = 0, lines = 0;
  for (const row of rows()) {
    const quantity = wanted(row), discount = number(row, ".discount input"), { price, tax } = row.dataset;
    const asked = row.querySelector(".discount");
    if (asked) asked.hidden = quantity <= 0 && !discount;
    if (quantity <= 0) continue;
    sums[tax] = (sums[tax] ?? 0) + Math.round(quantity * price * (1 - discount / 100));
    lines++;
  }
  for (const tax in sums) total += sums[tax] + (included ? 0 : Math.round(sums[tax] * tax / 1e4));
  document.getElementById("count").value = lines;
  estimate.querySelector("b").textContent = sign + (total / 10 ** digits).toLocaleString("en", { minimumFractionDigits: digits });
};

/* What has a quantity goes into the basket before other products take its place, and is not offered twice. */
document.addEventListener("htmx:before:swap", () => {
  const before = form.q.getBoundingClientRect().top;
  for (const row of rows("#matches")) if (wanted(row)) chosen.append(row);
  scrollBy(0, form.q.getBoundingClientRect().top - before);
});
document.addEventListener("htmx:after:swap", () => {
  for (const row of rows("#matches")) if (chosen.querySelector(`[id="${row.id}"]`)) row.remove();
  count();
});
form.addEventListener("input", count);
addEventListener("pageshow", count); // coming back, the browser fills in what was there
form.addEventListener("keydown", (event) => event.key === "Enter" && event.target.name === "q" && event.preventDefault());
count();
