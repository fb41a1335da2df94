/** Draws where teacher and student look on the source to say each subword of a reference. */
/// <reference lib="dom" />
import type { Attention } from "../view_data.ts";
import { heatMap } from "./heat.ts";
import { type Draw, element } from "./view.ts";

export function openAttention({ sentences, models }: Attention): Draw {
  return ({ choices, width }) => {
    const index = Number(choices.sentence);
    const { source, target } = sentences[index];
    const asked = models.filter(({ system }) =>
      system === "teacher" || system === choices.student
    ).sort((a, b) =>
      Number(b.system === "teacher") - Number(a.system === "teacher")
    ).map(({ system, maps }) => {
      const layers = maps[index];
      const number = system === "teacher"
        ? choices.teacherLayer
        : choices.layer;
      const layer = Math.min(Number(number) || layers.length, layers.length);
      const values = layers[layer - 1]
        .map((row) => row.map((hundredths) => hundredths / 100));
      return { system, title: `layer ${layer} of ${layers.length}`, values };
    });
    // One scale, so that both can be compared.
    const all = asked.flatMap(({ values }) => values.flat());
    const most = Math.ceil(10 * Math.max(...all)) / 10;
    const shown = asked.map(({ system, title, values }) =>
      heatMap({
        title: `${system}, ${title}`,
        label: labelOf(system, source, target, values),
        rows: target,
        columns: source,
        rowTitle: "reference",
        columnTitle: "source",
        values,
        most,
        square: { width: 22, height: 22 },
      }, width)
    );
    return element("div", { class: "pair" }, ...shown);
  };
}

/** Which subword each one looks at most. */
function labelOf(
  system: string,
  source: readonly string[],
  target: readonly string[],
  values: readonly (readonly number[])[],
): string {
  const most = target.map((piece, row) =>
    `${piece}: ${source[values[row].indexOf(Math.max(...values[row]))]}`
  );
  return `${system}, what each word looks at most: ${most.join(", ")}.`;
}
