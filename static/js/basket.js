/* The basket while it is filled: an estimate of the total (the server's counts), and a search that loses nothing. */
const form = document.getElementById("order");
const estimate = document.getElementById("estimate");
const { sign, digits, included } = estimate.dataset;
const rows = (within) => form.querySelectorAll(within + " [data-price]");
const typed = (row) => [...row.querySelectorAll("input:not([type=hidden])")].map((field) => +field.value || 0);

const count = () => {
  const sums = {};
  for (const row of rows("")) {
    const [quantity, discount = 0] = typed(row);
    const { price, tax } = row.dataset;
    const asked = row.querySelector(".discount");
    if (asked) asked.hidden = quantity <= 0 && !discount;
    if (quantity > 0) sums[tax] = (sums[tax] ?? 0) + Math.round(quantity * price * (1 - discount / 100));
  }
  let total = 0;
  for (const tax in sums) total += sums[tax] + (included ? 0 : Math.round(sums[tax] * tax / 1e4));
  estimate.querySelector("b").textContent = sign + (total / 10 ** digits).toLocaleString("en", { minimumFractionDigits: digits });
};

/* What has a quantity goes into the basket before other products take its place, and is not offered twice. */
document.addEventListener("htmx:before:swap", () => {
  for (const row of rows("#matches")) if (typed(row)[0]) document.getElementById("chosen").append(row);
  document.getElementById("basket").hidden = !rows("#chosen").length;
});
document.addEventListener("htmx:after:swap", () => {
  for (const row of rows("#matches")) if (document.querySelector(`#chosen [id="${row.id}"]`)) row.remove();
  count();
});
form.addEventListener("input", count);
form.addEventListener("keydown", (event) => event.key === "Enter" && event.target.name === "q" && event.preventDefault());
count();
