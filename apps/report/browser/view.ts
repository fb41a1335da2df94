/** Draws the views of the page, and draws them again as choices, their width or the zoom change. */
/// <reference lib="dom" />

export interface View {
  /** Width in pixels, at least that of a narrow phone. */
  readonly width: number;
  /** The value of each field by its name. */
  readonly choices: Readonly<Record<string, string>>;
  readonly form: HTMLFormElement | null;
  redraw(): void;
}

/** Draws the data; a function of it may keep what a reader did between two calls. */
export type Draw = (view: View) => Element;

/** Draws a view as soon as it has a width, and again with each other one. */
export function show(figure: Element, open: (data: never) => Draw): void {
  const place = figure.querySelector<HTMLElement>(".drawn");
  const data = figure.querySelector('script[type="application/json"]');
  if (place === null || data === null) return;
  const form = figure.querySelector("form");
  let draw: Draw | undefined;
  let width = -1;
  const redraw = () => {
    draw ??= open(JSON.parse(data.textContent ?? "") as never);
    width = place.clientWidth;
    const choices = form === null
      ? {}
      : Object.fromEntries(new FormData(form)) as Record<string, string>;
    place.replaceChildren(
      draw({ width: Math.max(240, width), choices, form, redraw }),
    );
  };
  form?.addEventListener("input", redraw);
  form?.addEventListener("submit", (event) => event.preventDefault());
  new ResizeObserver(() => {
    if (place.clientWidth !== width) redraw();
  }).observe(place);
}

/** A picture, with what it says to those who do not see it. */
export function pictured<Picture extends Element>(
  picture: Picture,
  label: string,
): Picture {
  // The picture speaks as a whole.
  for (const part of picture.querySelectorAll("[aria-label]")) {
    part.ariaLabel = null;
  }
  picture.role = "img";
  picture.ariaLabel = label;
  return picture;
}

/** An element with classes, attributes and children. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly (Node | string)[]
): HTMLElement {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}
