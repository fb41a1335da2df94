/** Draws the layer map of each student: lines from its layers to the teacher layers they learn from. */
import type {
  Distillation,
  LayerMap,
} from "../../../schemas/experiment/distillation.ts";
import type { Model } from "../../../schemas/experiment/model.ts";
import { type Markup, markup } from "../html/markup.ts";
import { figure } from "../html/numbers.ts";
import type { Trained } from "../trained.ts";

const BOX = { width: 34, height: 17, gap: 5 };
/** Where the stacks begin, and where the student's does. */
const TEACHER = 2, STUDENT = 92;
const TITLE = 16;

const STACKS = ["encoder", "decoder"] as const;
type Stack = typeof STACKS[number];

/** A kind of line; the first is drawn as it is, the others are dashed. */
interface Lines {
  readonly kind: "states" | "attention" | "start";
  /** The teacher layers of each student layer. */
  readonly map: LayerMap;
}

const MEANINGS: Readonly<Record<Lines["kind"], string>> = {
  states: "its output is to be like theirs",
  attention: "it is to look where they look",
  start: "it starts as this layer",
};

/** Pixels that keep lines of two kinds between the same layers apart. */
const OFFSETS: Readonly<Record<Lines["kind"], number>> = {
  states: 0,
  attention: 4,
  start: -4,
};

/** A figure for each student that learns from layers of its teacher, or undefined where there is none. */
export function layerMaps(trained: readonly Trained[]): Markup | undefined {
  const teacher = trained.find(({ family }) => family === "teacher");
  const figures = trained.flatMap(({ system, model, distillation }) => {
    if (teacher === undefined || distillation === undefined) return [];
    const stacks = STACKS.map((stack) => ({
      stack,
      lines: linesOf(distillation, stack),
    })).filter(({ lines }) => lines.length > 0);
    return stacks.length === 0 ? [] : [markup`<figure>
<figcaption>${system} <span class="aside">${
      weights(distillation)
    }</span></figcaption>
<div class="stacks">${
      stacks.map(({ stack, lines }) =>
        stackPair(system, stack, lines, teacher.model, model)
      )
    }</div></figure>`];
  });
  if (figures.length === 0) return undefined;
  const kinds = new Set(
    trained.flatMap(({ distillation }) =>
      distillation === undefined
        ? []
        : STACKS.flatMap((stack) =>
          linesOf(distillation, stack).map(({ kind }) => kind)
        )
    ),
  );
  return markup`<ul class="key">${
    [...kinds].map((kind) =>
      markup`<li><svg class="sample" viewBox="0 0 28 6" aria-hidden="true"><path class="link ${kind}" d="M0 3H28"/></svg> ${
        MEANINGS[kind]
      }</li>`
    )
  }</ul><div class="plots">${figures}</div>`;
}

/** `alpha 0.6, beta 0.2`, and how the layers are combined where that is not by concatenation. */
function weights(
  { alpha, beta, combine, project, normalize, layerLoss }: Distillation,
): string {
  return [
    `alpha ${figure(alpha, 1)}`,
    ...beta > 0 ? [`beta ${figure(beta, 1)}`] : [],
    ...combine === "attention" ? ["weighed by likeness"] : [],
    ...beta > 0 && project !== "student" ? [`project ${project}`] : [],
    ...beta > 0 && normalize ? ["layers normalised"] : [],
    ...beta > 0 && layerLoss ? ["mean of layers"] : [],
  ].join(", ");
}

function linesOf(
  { beta, attention, start, ...maps }: Distillation,
  stack: Stack,
): Lines[] {
  const single = (layers: readonly number[]): LayerMap =>
    layers.map((layer) => [layer]);
  const all: Lines[] = [
    { kind: "states", map: beta > 0 ? maps[stack] : [] },
    { kind: "attention", map: beta > 0 ? single(attention[stack]) : [] },
    { kind: "start", map: single(start[stack]) },
  ];
  return all.filter(({ map }) => map.length > 0);
}

/** The lowest layer stands at the bottom, and the stacks on the same ground. */
function stackPair(
  system: string,
  stack: Stack,
  lines: readonly Lines[],
  teacher: Model,
  student: Model,
): Markup {
  const counts = [teacher, student].map((model) => model[`${stack}Layers`]);
  const rise = BOX.height + BOX.gap;
  const height = TITLE + rise * Math.max(...counts);
  const width = STUDENT + BOX.width + 2;
  const middle = (layer: number) => height - rise * layer + rise / 2;
  const box = (x: number) => (_: unknown, index: number) => {
    const y = middle(index + 1);
    return markup`<rect x="${x}" y="${
      y - BOX.height / 2
    }" width="${BOX.width}" height="${BOX.height}" rx="3"/><text x="${
      x + BOX.width / 2
    }" y="${y + 4}">${index + 1}</text>`;
  };
  const links = lines.flatMap(({ kind, map }) =>
    map.flatMap((layers, index) =>
      layers.map((layer) => {
        const [from, to] = [layer, index + 1]
          .map((layer) => middle(layer) + OFFSETS[kind]);
        const [left, right] = [TEACHER + BOX.width, STUDENT];
        const half = (left + right) / 2;
        return markup`<path class="link ${kind}" d="M${left} ${from}C${half} ${from} ${half} ${to} ${right} ${to}"/>`;
      })
    )
  );
  return markup`<svg class="layers" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${
    labelOf(system, stack, lines)
  }"><text x="${width / 2}" y="10" class="aside">${stack}</text>${links}${
    Array.from({ length: counts[0] }, box(TEACHER))
  }${Array.from({ length: counts[1] }, box(STUDENT))}</svg>`;
}

function labelOf(
  system: string,
  stack: Stack,
  lines: readonly Lines[],
): string {
  return lines.map(({ kind, map }) =>
    `${system}, ${stack}, ${kind}: ${
      map.map((layers, index) =>
        `layer ${index + 1} from teacher layer ${layers.join(", ")}`
      ).join("; ")
    }.`
  ).join(" ");
}
