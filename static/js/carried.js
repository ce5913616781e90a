/* The customers that the phone carries: those that ?q= finds, the nearest to ?lat= and ?lon= first (templates/accounts/carried.html). */
const { outbox } = self;
const list = document.getElementById("carried"), asked = new URLSearchParams(location.search);
const fold = (text) => (text ?? "").normalize("NFKC").toLowerCase();

/** Metres between two WGS-84 positions on the sphere of 6,371,009 m (haversine). */
const metres = (lat, lon, other) => {
  const rad = Math.PI / 180, half = (angle) => Math.sin(angle * rad / 2) ** 2;
  return 2 * 6371009 * Math.asin(Math.sqrt(half(other.lat - lat) + Math.cos(lat * rad) * Math.cos(other.lat * rad) * half(other.lon - lon)));
};
const distance = (far) => far < 995 ? list.dataset.textM.replace("%n", Math.round(far / 10) * 10)
  : list.dataset.textKm.replace("%n", (far / 1000).toFixed(far < 9950 ? 1 : 0));

const { rows = {}, person } = await outbox.recall("pack") ?? {};
const made = (await outbox.list()).filter((entry) => entry.person === person && entry.opens && outbox.pathOf(entry) === "/accounts")
  .map(({ opens, fields }) => [opens, Object.fromEntries(fields)]);
const words = fold(asked.get("q")).split(/\s+/).filter(Boolean), from = ["lat", "lon"].map((name) => parseFloat(asked.get(name)));
const found = [...Object.entries(rows), ...made].filter(([, row]) => row.name && !row.account
  && words.every((word) => fold([row.name, row.address, row.phone].join(" ")).includes(word)));
const far = ([, row]) => row.lat && !Number.isNaN(from[0]) ? metres(...from, { lat: +row.lat, lon: +row.lon }) : Infinity;
found.sort((one, two) => far(one) - far(two) || one[1].name.localeCompare(two[1].name, list.dataset.lang));
for (const [id, row] of found.slice(0, 50)) {
  const item = document.getElementById("row").content.cloneNode(true);
  item.querySelector(".lead").textContent = row.rating ?? "";
  Object.assign(item.querySelector("div a"), { textContent: row.name, href: `/accounts/${id}` });
  item.querySelector("p").textContent = [Number.isFinite(far([id, row])) && distance(far([id, row])), row.address].filter(Boolean).join(" · ");
  const way = item.querySelector(".end a");
  way.href = `/accounts/${id}/check-in`;
  way.ariaLabel = row.name;
  list.append(item);
}
document.getElementById("nothing").hidden = found.length > 0;
document.querySelector("input[name=q]").value = asked.get("q") ?? "";
