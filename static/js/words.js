/**
 * What scripts say: _("English text") is that text in the page's language. Placeholders are named, as in templates:
 * _("Moved to place %(n)s", { n: 3 }). The build collects the texts and makes words/<language>.js from app/translations.
 */
const { lang } = document.documentElement;
const words = lang === "en" ? {} : (await import(`../words/${lang}.js`).catch(() => ({}))).default ?? {};

/** @param {string} text @param {Record<string, unknown>} [values] @returns {string} */
export const _ = (text, values = {}) => (words[text] ?? text).replace(/%\((\w+)\)s/g, (_all, name) => String(values[name] ?? ""));
