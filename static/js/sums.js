/* What a sale costs: app/sales/rules.py `price` to the minor unit, and how amounts are read and written.
   Amounts are BigInt, whole minor units; discount and tax are basis points. Nothing here is negative. */
const WHOLE = 10000n;
const halfUp = (numerator, denominator) => (2n * numerator + denominator) / (2n * denominator);
const sum = (rows, name) => rows.reduce((total, row) => total + row[name], 0n);

/* lines: [{quantity, price, discount, tax}] -> {lines, taxes (highest rate first), discount, net, tax, gross}. */
export const price = (lines, included) => {
  const priced = lines.map((line) => {
    const [quantity, unit, discount, rate] = [line.quantity, line.price, line.discount, line.tax].map(BigInt);
    const list = quantity * unit, payable = halfUp(list * (WHOLE - discount), WHOLE);
    return { rate, list, payable, discount: list - payable };
  });
  const rates = [...new Set(priced.map(({ rate }) => rate))].sort((a, b) => (a < b) - (a > b));
  const taxes = rates.map((rate) => {
    const ofRate = priced.filter((line) => line.rate === rate);
    const amount = sum(ofRate, "payable"), whole = included ? WHOLE + rate : WHOLE;
    const total = included ? amount - halfUp(amount * WHOLE, whole) : halfUp(amount * rate, whole);
    for (const line of ofRate) line.tax = line.payable * rate / whole;
    const rest = (line) => line.payable * rate % whole, left = Number(total - sum(ofRate, "tax"));
    for (const line of [...ofRate].sort((a, b) => (rest(a) < rest(b)) - (rest(a) > rest(b))).slice(0, left)) line.tax++;
    for (const line of ofRate) {
      line.net = included ? line.payable - line.tax : line.payable;
      line.gross = line.net + line.tax;
    }
    return { rate, net: sum(ofRate, "net"), tax: sum(ofRate, "tax"), gross: sum(ofRate, "gross") };
  });
  return { lines: priced, taxes, ...Object.fromEntries(["discount", "net", "tax", "gross"].map((name) => [name, sum(priced, name)])) };
};

/* "CN¥1,234.50": sign and digits are the currency's, as the page says them. */
export const money = (minor, { sign, digits }) => {
  const text = String(minor).padStart(+digits + 1, "0"), cut = text.length - digits;
  return sign + text.slice(0, cut).replace(/\B(?=(\d{3})+$)/g, ",") + (+digits ? "." + text.slice(cut) : "");
};

/* 1250 -> "12.5" */
export const percent = (basisPoints) => String(Number(basisPoints) / 100);

/* What somebody typed as a percentage -> basis points; NaN for what is none. */
export const readRate = (typed) => {
  const plain = typed.normalize("NFKC").replaceAll("。", ".").trim().replace(/%$/, "").trim();
  const [, whole, part = ""] = /^(\d{1,3})(?:\.(\d{0,2}))?$/.exec(plain) ?? [];
  const rate = whole * 100 + +part.padEnd(2, "0");
  return rate <= 10000 ? rate : NaN;
};

/* What somebody typed as a quantity -> a whole number; NaN for what is none. */
export const readWhole = (typed) => {
  const plain = typed.trim().normalize("NFKC").replace("−", "-");
  return /^-?[0-9]+$/.test(plain) ? +plain : NaN;
};
