/** Keeps where a map was moved to in the address of its page, in the links to the same page, and in its forms. */

const VIEW = ["lat", "lon", "zoom"];
/** @type {Record<string, string>} */
let view = {};

/** @param {string} address */
const viewed = (address) => {
  const url = new URL(address, location.href);
  for (const name of VIEW) if (view[name]) url.searchParams.set(name, view[name]);
  return url;
};

document.addEventListener("map:moved", (event) => {
  view = /** @type {CustomEvent} */ (event).detail;
  history.replaceState(history.state, "", viewed(location.href));
});

document.addEventListener("click", (event) => {
  const link = /** @type {HTMLElement} */ (event.target).closest("a");
  if (link && link.pathname === location.pathname && link.host === location.host) link.href = String(viewed(link.href));
}, true);

document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (form.method !== "get") return;
  for (const name of VIEW) {
    if (!view[name]) continue;
    const found = form.querySelector(`[name=${name}]`);
    const field = found ?? form.appendChild(Object.assign(document.createElement("input"), { type: "hidden", name }));
    /** @type {HTMLInputElement} */ (field).value = view[name];
  }
}, true);
