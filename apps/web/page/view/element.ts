/** Elements of index.html. */
/// <reference lib="dom" />

/** The element of an id, of a kind such as `HTMLElement`. */
export function element<Kind extends HTMLElement>(
  id: string,
  kind: { new (): Kind },
): Kind {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`The page has no "${id}".`);
  return found;
}

/** An item of a list. */
export function itemOf(...content: readonly (string | Node)[]): HTMLElement {
  const item = document.createElement("li");
  item.append(...content);
  return item;
}
