/**
 * Fieldbook on the home screen: offered where the browser can, told where only a hand can.
 *
 *   <section data-install hidden></section>           on More: whenever it is possible
 *   <section data-install="later" hidden></section>   on Today: once something was kept here, until it is said no to
 *
 * kept.js sets localStorage.kept with the first entry that the phone keeps. The installed app shows nothing of this.
 */
import { _ } from "./words.js";

/** @type {(Event & {prompt(): Promise<unknown>}) | null} */
let offer = null;

const isInstalled = () => matchMedia("(display-mode: standalone)").matches || Reflect.get(navigator, "standalone") === true;
const isApplePhone = "standalone" in navigator && navigator.maxTouchPoints > 1; // Macs with Safari have the first, too

/** @param {string} tag @param {string} className @param {string} text @param {Node[]} parts */
const make = (tag, className, text, ...parts) => {
  const element = Object.assign(document.createElement(tag), { className, textContent: text });
  element.append(...parts);
  return element;
};
/** @param {string} kind @param {string} text @param {() => void} act */
const button = (kind, text, act) => Object.assign(make("button", "button " + kind, text), { type: "button", onclick: act });

const install = () => {
  offer?.prompt(); // may be called once
  offer = null;
  show();
};
const refuse = () => {
  localStorage["install-no"] = 1;
  show();
};

const show = () => {
  for (const box of document.querySelectorAll("[data-install]")) {
    if (!(box instanceof HTMLElement)) continue;
    const isLater = box.dataset.install === "later";
    const isAsked = !isLater || (localStorage.kept && !localStorage["install-no"]);
    box.hidden = isInstalled() || !isAsked || !(offer || isApplePhone);
    if (box.hidden) continue;
    const line = make("div", "line", "", ...(offer ? [button("primary", _("Install"), install)] : []), ...(isLater ? [button("quiet", _("Not now"), refuse)] : []));
    const body = make("div", "sheet stack", "", make("p", "", _("Then Fieldbook opens like an app, and the phone does not clear away what waits here.")));
    if (!offer) body.append(make("p", "", _("On an iPhone: Share, then Add to Home Screen. Otherwise Safari deletes what waits here after seven days without a visit.")));
    if (line.firstChild) body.append(line);
    box.replaceChildren(make("header", "", "", make("h2", "", _("On the home screen"))), body);
  }
};

addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault(); // our card says it, not a bar over the page
  offer = /** @type {typeof offer} */ (event);
  show();
});
addEventListener("appinstalled", () => { offer = null; show(); });
document.addEventListener("htmx:after:swap", show);
show();
