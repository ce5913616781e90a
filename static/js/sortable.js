/**
 * A list put in order by dragging. Up and down buttons, which submit the form, stay the way of the keyboard and without JavaScript.
 *
 *   <form id="order-form" method="post" …><input type="hidden" name="order"></form>
 *   <ol data-sortable  data-sortable-form="#order-form"  data-sortable-status="#moved"  data-text="Moved to place %n of %m">
 *     <li data-id="…"><span data-sortable-handle hidden aria-hidden="true">⠿</span> … up and down buttons … </li>
 *   </ol>
 *   <output id="moved"></output>
 *
 * - Handles are shown by this module. While dragging, the item has the class `is-dragging` and the list `is-sorting`.
 * - A drop at another place writes all data-id, comma separated, into `order`, dispatches `sortable:moved` on the list and submits the
 *   form; Escape puts everything back.
 */
const EDGE_PX = 72; // scrolls when the pointer is this near to the top or bottom of the window
const STEP_PX = 10; // a frame

/** @param {HTMLElement} item @param {HTMLElement} list @param {HTMLElement} handle @param {PointerEvent} down */
function drag(item, list, handle, down) {
  const before = [...list.children];
  const grip = down.clientY - item.getBoundingClientRect().top;
  const over = new AbortController();
  const { signal } = over;
  let y = down.clientY;

  const place = () => {
    item.style.transform = "";
    const top = y - grip;
    const middle = top + item.offsetHeight / 2;
    // The neighbours move around the item: moving the item itself would lose the pointer.
    for (let other; (other = item.previousElementSibling) && middle < centre(other);) item.after(other);
    for (let other; (other = item.nextElementSibling) && middle > centre(other);) item.before(other);
    item.style.transform = `translateY(${top - item.getBoundingClientRect().top}px)`;
  };
  const scroll = () => {
    if (signal.aborted) return;
    const step = y < EDGE_PX ? -STEP_PX : y > innerHeight - EDGE_PX ? STEP_PX : 0;
    const from = scrollY;
    if (step) scrollBy({ top: step, behavior: "instant" });
    if (scrollY !== from) place();
    requestAnimationFrame(scroll);
  };
  const end = (/** @type {boolean} */ keep) => {
    over.abort();
    item.style.transform = "";
    item.classList.remove("is-dragging");
    list.classList.remove("is-sorting");
    if (!keep) list.append(...before);
    else if (before.some((element, i) => element !== list.children[i])) save(list, item);
  };

  handle.setPointerCapture(down.pointerId);
  handle.addEventListener("pointermove", (event) => { y = event.clientY; place(); }, { signal });
  handle.addEventListener("pointerup", () => end(true), { signal });
  handle.addEventListener("pointercancel", () => end(false), { signal });
  window.addEventListener("keydown", (event) => { if (event.key === "Escape") end(false); }, { signal });
  item.classList.add("is-dragging");
  list.classList.add("is-sorting");
  scroll();
}

/** @param {Element} element */
const centre = (element) => {
  const { top, height } = element.getBoundingClientRect();
  return top + height / 2;
};

/** @param {HTMLElement} list @param {HTMLElement} moved */
function save(list, moved) {
  const { sortableForm = "", sortableStatus = "", text = "" } = list.dataset;
  const items = /** @type {HTMLElement[]} */ ([...list.children]).filter((item) => item.dataset.id);
  const status = sortableStatus && document.querySelector(sortableStatus);
  if (status) {
    status.textContent = text.replace("%n", String(items.indexOf(moved) + 1)).replace("%m", String(items.length));
  }
  list.dispatchEvent(new CustomEvent("sortable:moved", { bubbles: true }));
  const form = document.querySelector(sortableForm);
  if (!(form instanceof HTMLFormElement)) return;
  const order = form.elements.namedItem("order");
  if (order instanceof HTMLInputElement) order.value = items.map((item) => item.dataset.id).join();
  form.requestSubmit();
}

document.addEventListener("pointerdown", (event) => {
  const handle = event.target instanceof Element ? event.target.closest("[data-sortable-handle]") : null;
  const item = handle?.closest("[data-id]");
  const list = item?.parentElement;
  if (!(handle instanceof HTMLElement) || !(item instanceof HTMLElement) || !list?.matches("[data-sortable]")) return;
  if (event.button !== 0 || list.matches(".is-sorting")) return;
  event.preventDefault(); // no text selection
  drag(item, list, handle, event);
});

const wire = () => document.querySelectorAll("[data-sortable] [data-sortable-handle][hidden]").forEach((handle) => {
  handle.removeAttribute("hidden");
  /** @type {HTMLElement} */ (handle).style.touchAction = "none"; // else the page scrolls instead
});
wire();
document.addEventListener("htmx:after:swap", wire);
