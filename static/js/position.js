/**
 * The phone's position: asked for on a tap only, and never in the way of a check-in.
 *
 *   <form method="post" data-position  data-position-fresh="60" data-position-good="200">
 *     <input type="hidden" name="lat"> … lon, accuracy_m, fix_at, fix_count, speed_mps, position_error, tapped_at
 *     (altitude_m and waited_ms, how long it was looked for, are made where they are missing)
 *     <button data-position-ask data-position-submit>Check in</button>
 *     <button type="button" data-position-ask hidden>My position</button>
 *     <output data-position-status></output>
 *
 * - data-position-submit: after the fix, or its failure, the form is submitted by this button, which without JavaScript posts at once and
 *   without a position. A fix in the inputs younger than data-position-fresh seconds is sent again. Without it the inputs are only filled.
 * - A fix that is true to data-position-good metres (25 where it is not said) ends the search.
 * - lat and lon are WGS-84, fix_at and tapped_at are ISO UTC, position_error is denied, unavailable, timeout or insecure. Inputs not
 *   there are left out; one of another name says which it is by data-position-field="lat".
 * - `position:fix` (detail: the values) or `position:error` bubbles from the element with data-position, which may be any and gets
 *   data-position-state. A `map:pick` inside it empties what only a device can know.
 */
import { _ } from "./words.js";

const BOX_MS = 12_000; // then the best fix so far
const GOOD_M = 25; // good enough to stop at once
const PROMPT_MS = 60_000; // while the browser asks its own question
const GRACE_MS = 3_000; // "unavailable" is often passing: phones say it before the first fix
const DEVICE = { accuracy_m: "", fix_at: "", fix_count: "", speed_mps: "", position_error: "" };

/** @param {Element} box @param {string} name @returns {HTMLInputElement | null} */
const input = (box, name) => box.querySelector(`[name="${name}"], [data-position-field="${name}"]`);

/** What pages have no input for. @param {HTMLFormElement} form @param {string} name @param {unknown} value */
const add = (form, name, value) => {
  const field = input(form, name) ?? form.appendChild(Object.assign(document.createElement("input"), { type: "hidden", name }));
  field.value = String(value ?? "");
};

/** @param {Element} box @param {Record<string, unknown>} values */
const fill = (box, values) => Object.entries(values).forEach(([name, value]) => {
  const field = input(box, name);
  if (field) field.value = String(value ?? "");
});

/** @type {Record<string, string>} */
const TEXTS = {
  asking: _("Finding your position…"),
  denied: _("The phone does not give its position. Allow it in the browser's settings, or go on without."),
  unavailable: _("No position here. Go on without, or try again under the open sky."),
  timeout: _("No position in time. Go on without, or try again under the open sky."),
  insecure: _("Phones give their position only over https."),
};

/** @param {HTMLElement} box @param {string} state @param {number} [metres] */
const show = (box, state, metres = 0) => {
  box.dataset.positionState = state;
  const status = box.querySelector("[data-position-status]");
  const number = Math.ceil(metres).toLocaleString(document.documentElement.lang || []);
  if (status) status.textContent = state === "found" ? _("Position found, ±%(metres)s m", { metres: number }) : TEXTS[state] ?? "";
};

/**
 * The best fix within the time box, or why there is none.
 * @param {AbortSignal} signal
 * @param {number} good metres
 * @returns {Promise<{best?: GeolocationPosition, count: number, error: string}>}
 */
const locate = (signal, good) => new Promise((resolve) => {
  const { geolocation, permissions } = navigator;
  if (!isSecureContext) return resolve({ count: 0, error: "insecure" });
  /** @type {GeolocationPosition | undefined} */
  let best;
  let count = 0, error = "timeout", timer = 0;
  const done = () => {
    geolocation.clearWatch(watch);
    resolve({ best, count, error });
  };
  const end = (/** @type {number} */ ms) => {
    clearTimeout(timer);
    timer = setTimeout(done, ms);
  };
  const watch = geolocation.watchPosition((fix) => {
    count += 1;
    if (!best || fix.coords.accuracy <= best.coords.accuracy) best = fix;
    if (best.coords.accuracy <= good) done();
  }, ({ code }) => {
    if (code === 1) (error = "denied"), done();
    if (code === 2 && !best && error === "timeout") (error = "unavailable"), end(GRACE_MS);
  }, { enableHighAccuracy: true, maximumAge: 0 });
  end(BOX_MS);
  signal.addEventListener("abort", done);
  permissions?.query({ name: "geolocation" }).then((permission) => {
    if (permission.state !== "prompt") return;
    end(PROMPT_MS);
    permission.onchange = () => end(BOX_MS);
  }, () => {});
});

/** @param {HTMLElement} box @param {HTMLButtonElement} button */
async function ask(box, button) {
  const { form } = button;
  const submits = form && button.matches("[data-position-submit]");
  const send = () => submits && form.requestSubmit(button);
  if (box.dataset.positionState === "asking") return;
  if (submits && !form.noValidate && !form.reportValidity()) return;
  if (submits) fill(box, { tapped_at: new Date().toISOString() });
  const age = Date.now() - Date.parse(input(box, "fix_at")?.value ?? "");
  if (submits && age < Number(box.dataset.positionFresh) * 1000) return send();

  const stop = new AbortController();
  const abort = () => stop.abort(); // another button has sent the form
  form?.addEventListener("submit", abort);
  show(box, "asking");
  const begun = performance.now();
  const { best, count, error } = await locate(stop.signal, Number(box.dataset.positionGood ?? GOOD_M));
  form?.removeEventListener("submit", abort);
  if (stop.signal.aborted || !box.isConnected) return show(box, "");
  if (submits) add(form, "altitude_m", best?.coords.altitude), add(form, "waited_ms", Math.round(performance.now() - begun));

  if (best) {
    const { latitude: lat, longitude: lon, accuracy: accuracy_m, speed: speed_mps } = best.coords;
    const detail = { ...DEVICE, lat, lon, accuracy_m, speed_mps, fix_at: new Date(best.timestamp).toISOString(), fix_count: count };
    fill(box, detail);
    show(box, "found", accuracy_m);
    box.dispatchEvent(new CustomEvent("position:fix", { bubbles: true, detail }));
  } else {
    const detail = { position_error: error };
    fill(box, submits ? { lat: "", lon: "", ...DEVICE, ...detail } : detail); // a place picked by hand stays
    show(box, error);
    box.dispatchEvent(new CustomEvent("position:error", { bubbles: true, detail }));
  }
  send();
}

document.addEventListener("click", (event) => {
  const button = /** @type {Element} */ (event.target).closest("[data-position-ask]");
  const box = button?.closest("[data-position]");
  if (!(button instanceof HTMLButtonElement && box instanceof HTMLElement)) return;
  event.preventDefault();
  ask(box, button);
}, true);

document.addEventListener("map:pick", ({ target }) => {
  const box = target instanceof Element && target.closest("[data-position]");
  if (box instanceof HTMLElement) fill(box, DEVICE), show(box, "");
});

const wire = () => document.querySelectorAll("[data-position-ask][hidden]").forEach((button) => button.removeAttribute("hidden"));
wire();
document.addEventListener("htmx:after:swap", wire);
