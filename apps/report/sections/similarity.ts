/** Heat maps of the similarity of student and teacher layers; the distilled pairs are framed. */
import * as Plot from "@observablehq/plot";
import type { ExaminedModel, Likeness } from "../examination.ts";
import { type Markup, markup } from "../html/markup.ts";
import { figure } from "../html/numbers.ts";
import { drawn } from "../html/plot.ts";
import type { Trained } from "../trained.ts";

const CELL = { width: 38, height: 21 };
const MARGIN = { left: 30, bottom: 34, top: 4, right: 4 };

/** A figure for each student that was examined, or undefined where there is none. */
export function similarityMaps(
  trained: readonly Trained[],
  models: readonly ExaminedModel[],
): Markup | undefined {
  const figures = models.flatMap(({ system, likeness }) => {
    if (likeness === undefined) return [];
    const { distillation } = trained.find((one) => one.system === system) ?? {};
    const mapped = distillation !== undefined && distillation.beta > 0
      ? distillation
      : undefined;
    return [markup`<figure><figcaption>${system}</figcaption>
<div class="stacks">${
      (["encoder", "decoder"] as const).map((stack) =>
        markup`<div><span class="aside">${stack}</span>${
          heatMap(system, stack, likeness[stack], mapped?.[stack] ?? [])
        }</div>`
      )
    }</div></figure>`];
  });
  return figures.length === 0
    ? undefined
    : markup`<div class="plots">${figures}</div>`;
}

/** Rows are the teacher's layers, the lowest at the bottom; columns are the student's. */
function heatMap(
  system: string,
  stack: keyof Likeness,
  values: Likeness[keyof Likeness],
  mapped: readonly (readonly number[])[],
): Markup {
  const cells = values.flatMap((row, teacher) =>
    row.map((value, student) => ({
      teacher: teacher + 1,
      student: student + 1,
      value,
    }))
  );
  const framed = cells.filter(({ teacher, student }) =>
    mapped[student - 1]?.includes(teacher)
  );
  const place = { x: "student", y: "teacher" };
  const students = values[0]?.length ?? 0;
  return drawn(
    {
      width: MARGIN.left + CELL.width * students + MARGIN.right,
      height: MARGIN.top + CELL.height * values.length + MARGIN.bottom,
      marginLeft: MARGIN.left,
      marginRight: MARGIN.right,
      marginTop: MARGIN.top,
      marginBottom: MARGIN.bottom,
      padding: 0,
      x: {
        label: "student",
        labelAnchor: "center",
        labelArrow: "none",
        tickSize: 0,
        domain: Array.from({ length: students }, (_, i) => i + 1),
      },
      y: {
        label: "teacher",
        labelAnchor: "center",
        labelArrow: "none",
        labelOffset: 28,
        tickSize: 0,
        domain: Array.from(values, (_, i) => values.length - i),
      },
      opacity: { type: "linear", domain: [0, 1], range: [0, 1] },
      marks: [
        Plot.cell(cells, {
          ...place,
          fill: "var(--heat)",
          fillOpacity: "value",
          inset: 0.5,
        }),
        Plot.cell(framed, {
          ...place,
          fill: "none",
          stroke: "currentColor",
          strokeWidth: 1.5,
          inset: 1.5,
        }),
        Plot.text(cells, { ...place, text: ({ value }) => figure(value, 2) }),
      ],
    },
    `Similarity of the ${stack} layers of ${system} to the teacher's: ${
      Array.from({ length: students }, (_, student) =>
        `layer ${student + 1} to teacher layers 1 to ${values.length}: ${
          values.map((row) =>
            figure(row[student], 2)
          ).join(", ")
        }`).join("; ")
    }.`,
  );
}
