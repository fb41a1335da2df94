/** Learning curves in one picture, and a table of what they say of each training. */
import { z } from "zod";
import { jsonIfValid, readIfThere } from "../../../engine/files/atomic.ts";
import { type Markup, markup } from "../html/markup.ts";
import { figure } from "../html/numbers.ts";
import { type Cell, sortableTable } from "../html/table.ts";
import { radios, view } from "../html/view.ts";
import { pathIfThere, type Source } from "../source.ts";
import { colorOf, type Trained } from "../trained.ts";
import type { Learned } from "../view_data.ts";

/** A validation loss above the lowest by this is overfitting; one below the one before by less is a plateau. */
const WORSE = 0.05, PLATEAU = 0.005;

const Validations = z.array(z.object({
  step: z.number(),
  nll: z.number(),
  trainingLoss: z.number(),
  bleu: z.number().optional(),
}));

/** The validations of a model in training; committed results are without the training loss. */
function validationsOf(source: Source, node: string): Learned["points"] {
  const { curve } = source.manifest.nodes[node]?.outputs ?? {};
  const path = pathIfThere(source, curve);
  const text = path === undefined ? undefined : readIfThere(path);
  const read = text === undefined
    ? undefined
    : Validations.safeParse(jsonIfValid(text)).data;
  return read ?? source.results.curves[node] ?? [];
}

/** The learning curves of systems; one whose curve is gone has none. */
export function learnedOf(
  source: Source,
  trained: readonly Trained[],
): Learned[] {
  return trained.flatMap(({ system, family, curves: nodes }) =>
    nodes.flatMap((node): Learned[] => {
      const points = validationsOf(source, node);
      const { seconds } = source.results.measured[node] ?? {};
      return points.length === 0 ? [] : [{
        system,
        color: colorOf(family),
        name: nodes.length === 1 ? system : node.replace(/^.*:/, ""),
        minutes: seconds === undefined ? undefined : seconds / 60,
        points,
      }];
    })
  );
}

/** Undefined where no system has a curve. */
export function curvePlots(learned: readonly Learned[]): Markup | undefined {
  if (learned.length === 0) return undefined;
  const points = learned.flatMap(({ points }) => points);
  const values = {
    nll: "validation loss",
    perplexity: "perplexity",
    ...points.some(({ bleu }) => bleu !== undefined)
      ? { bleu: "validation BLEU" }
      : {},
    ...points.some(({ trainingLoss }) => trainingLoss !== undefined)
      ? { trainingLoss: "training loss" }
      : {},
  };
  const isTimed = learned.some(({ minutes }) => minutes !== undefined);
  return markup`${
    view("curves", learned, {
      choices: markup`${radios("Value", "value", values)}${
        radios("By", "axis", {
          step: "step",
          ...isTimed ? { minutes: "time" } : {},
        })
      }<span><label>From <input name="from" type="number" min="0" step="any"></label> <label>to <input name="to" type="number" min="0" step="any"></label></span><button type="button" data-reset>Whole curve</button>`,
    })
  }${table(learned)}`;
}

function table(learned: readonly Learned[]): Markup {
  const cell = (value: number | undefined, digits: number): Cell | undefined =>
    value === undefined ? undefined : { text: figure(value, digits), value };
  return sortableTable(
    "What the curves say",
    [
      "training",
      "last step",
      "lowest loss",
      "at step",
      "perplexity",
      "BLEU there",
      "remark",
    ],
    learned.map(({ name, points }) => {
      const best = points.reduce((a, b) => b.nll < a.nll ? b : a);
      const remark = remarkOf(points);
      return [
        { text: name, value: name },
        cell(points.at(-1)?.step, 0),
        cell(best.nll, 3),
        cell(best.step, 0),
        cell(Math.exp(best.nll), 2),
        cell(best.bleu, 1),
        { text: remark, value: remark },
      ];
    }),
  );
}

/** How a training ended, by its validation losses. */
export function remarkOf(
  points: readonly { readonly step: number; readonly nll: number }[],
): string {
  const [before, last] = points.slice(-2);
  if (last === undefined) return "validated once";
  const best = points.reduce((a, b) => b.nll < a.nll ? b : a);
  if (last.nll > best.nll * (1 + WORSE)) {
    return `went wrong after step ${figure(best.step)}: the loss rose by ${
      figure(100 * (last.nll / best.nll - 1), 0)
    } %`;
  }
  return before.nll - last.nll > before.nll * PLATEAU
    ? "still learning at the end: more steps may help"
    : "levelled out";
}
