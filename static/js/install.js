/**
 * Fieldbook on the home screen: offered where the browser can, told where only a hand can.
 *
 *   <section data-install  data-install-later="not-now" (once something was kept here, until this is said no to)  hidden>
 *     <button type="button" data-install-act hidden>Install</button>  (browsers that ask: beforeinstallprompt)
 *     <p data-install-ios hidden>…</p>                                (iPhone and iPad, in Safari)
 *     <button type="button" data-install-no>Not now</button>
 *   </section>
 *
 * kept.js sets localStorage.kept with the first entry that the phone keeps. The installed app shows nothing of this.
 */
/** @type {(Event & {prompt(): Promise<unknown>}) | null} */
let offer = null;

const isInstalled = () => matchMedia("(display-mode: standalone)").matches || Reflect.get(navigator, "standalone") === true;
const isApplePhone = "standalone" in navigator && navigator.maxTouchPoints > 1; // Macs with Safari have the first, too

const show = () => {
  for (const box of document.querySelectorAll("[data-install]")) {
    if (!(box instanceof HTMLElement)) continue;
    const { installLater } = box.dataset;
    const isAsked = !installLater || (localStorage.kept && !localStorage[installLater]);
    box.hidden = isInstalled() || !isAsked || !(offer || isApplePhone);
    box.querySelector("[data-install-act]")?.toggleAttribute("hidden", !offer);
    box.querySelector("[data-install-ios]")?.toggleAttribute("hidden", Boolean(offer) || !isApplePhone);
  }
};

addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault(); // our card says it, not a bar over the page
  offer = /** @type {typeof offer} */ (event);
  show();
});
addEventListener("appinstalled", () => { offer = null; show(); });
addEventListener("click", ({ target }) => {
  const button = target instanceof Element ? target.closest("[data-install] button") : null;
  if (button?.matches("[data-install-act]") && offer) {
    offer.prompt(); // may be called once
    offer = null;
  } else if (button?.matches("[data-install-no]")) {
    localStorage[/** @type {HTMLElement} */ (button.closest("[data-install]")).dataset.installLater ?? ""] = 1;
  }
  if (button) show();
});
document.addEventListener("htmx:after:swap", show);
show();
