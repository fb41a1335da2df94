/** Draws plots to SVG with Observable Plot, without a browser. */
import * as Plot from "@observablehq/plot";
import { DOMParser } from "linkedom";
import { type Markup, trusted } from "./markup.ts";

// The part of a browser's document that Plot draws with.
const document = new DOMParser().parseFromString(
  "<html></html>",
  "text/html",
) as unknown as NonNullable<Plot.PlotOptions["document"]>;

/** Attributes with coordinates: two digits behind the point are finer than any screen. */
const COORDINATES = /^(d|[xy][12]?|cx|cy|r|width|height|transform|points)$/;

/** The plot as SVG that takes its colours from the page; `label` is what it says to those who do not see it. */
export function drawn(options: Plot.PlotOptions, label: string): Markup {
  const svg = Plot.plot({ ...options, document, className: "plot" });
  svg.querySelector("style")?.remove();
  for (const element of [svg, ...svg.querySelectorAll("*")]) {
    for (const { name, value } of [...element.attributes]) {
      // The picture speaks as a whole.
      if (name.startsWith("aria-")) element.removeAttribute(name);
      else if (COORDINATES.test(name)) {
        element.setAttribute(name, rounded(value));
      }
    }
  }
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  return trusted(svg.outerHTML);
}

function rounded(text: string): string {
  return text.replace(
    /(?<!\d)\d+\.\d{3,}/g,
    (number) => String(Number(Number(number).toFixed(2))),
  );
}
