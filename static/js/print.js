/**
 * <button type="button" hidden data-print>Print</button>: opens the browser's own printing, which has a menu without this module too.
 */
const wire = () => document.querySelectorAll("[data-print][hidden]").forEach((button) => button.removeAttribute("hidden"));
document.addEventListener("click", ({ target }) => target instanceof Element && target.closest("[data-print]") && print());
document.addEventListener("htmx:after:swap", wire);
wire();
