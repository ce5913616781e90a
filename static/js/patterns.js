/* A <template> with [[places]] in its texts and attributes; a <template data-each="name"> inside stands there once for
   each of values.name. Values are text, never HTML. */
const put = (text, values) => text.replace(/\[\[(\w+)\]\]/g, (_, name) => values[name] ?? "");

export const fill = (template, values) => {
  const part = document.importNode(template.content, true);
  const walker = document.createTreeWalker(part, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (node.nodeType === Node.TEXT_NODE) { if (node.data.includes("[[")) node.data = put(node.data, values); }
    else for (const each of node.attributes) if (each.value.includes("[[")) each.value = put(each.value, values);
  }
  for (const inner of part.querySelectorAll("template[data-each]"))
    inner.replaceWith(...(values[inner.dataset.each] ?? []).map((each) => fill(inner, each)));
  return part;
};

/* The same for one text, such as a message in an attribute. */
export const said = put;
