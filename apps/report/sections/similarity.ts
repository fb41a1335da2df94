/** Similarity of student and teacher layers; the distilled pairs are framed. */
import type { ExaminedModel } from "../examination.ts";
import { type Markup, markup } from "../html/markup.ts";
import { view } from "../html/view.ts";
import type { Trained } from "../trained.ts";

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
    return [markup`<section aria-label="${system}"><p class="name">${system}</p>
<div class="stacks">${
      (["encoder", "decoder"] as const).map((stack) =>
        view("similarity", {
          ...{ system, stack },
          values: likeness[stack].map((row) =>
            row.map((value) => Number(value.toFixed(3)))
          ),
          mapped: mapped?.[stack] ?? [],
        })
      )
    }</div></section>`];
  });
  return figures.length === 0
    ? undefined
    : markup`<div class="plots">${figures}</div>`;
}
