/** The systems of an experiment, trained or not: model, distillation, training data and results. */
import { z } from "zod";
import type { Graph, Node } from "../../engine/graph/graph.ts";
import { systemOf } from "../../nmt/metrics/significance/baselines.ts";
import { Distillation } from "../../schemas/experiment/distillation.ts";
import { parse } from "../../base/input_error.ts";
import { Model } from "../../schemas/experiment/model.ts";
import type { System } from "../../schemas/results.ts";
import { Hyperparameters } from "../../schemas/experiment/tuning.ts";
import { pairOf, trialsIn } from "./nodes.ts";
import type { Source } from "./source.ts";

/** What a system learns from, and how figures draw those that learn alike. */
export const FAMILIES = {
  teacher: { title: "teacher", symbol: "star" },
  imported: { title: "imported model, as it was", symbol: "cross" },
  references: { title: "references alone", symbol: "square" },
  translations: { title: "teacher's translations", symbol: "wye" },
  soft: { title: "soft targets", symbol: "triangle" },
  skipped: { title: "one teacher layer each", symbol: "diamond" },
  combined: { title: "combined layers", symbol: "circle" },
} as const;
export type Family = keyof typeof FAMILIES;

/** The colour that the page has for a family. */
export const colorOf = (family: Family) =>
  `var(--${family === "soft" ? "soft-targets" : family})`;

export interface Trained {
  readonly pair?: string;
  /** As the table calls it. */
  readonly system: string;
  readonly family: Family;
  readonly model: Model;
  /** What a student is distilled by, with what was selected for it; undefined for a teacher. */
  readonly distillation?: Distillation;
  /** The nodes of its models, one a seed: what is evaluated, exported and recorded. */
  readonly nodes: readonly string[];
  /** The nodes that trained them, which have learning curves; those of an interpolated teacher are other ones. */
  readonly curves: readonly string[];
  /** Its row of the table, once it is evaluated. */
  readonly row?: System;
}

const Config = z.object({
  model: Model,
  distillation: Distillation.optional(),
});
const Choices = z.object({
  points: z.record(z.string(), Hyperparameters),
});

/** Stages that make the models of systems, or what such a model is interpolated from. */
const MAKERS = ["interpolate", "teacher", "import", "student"];

/** The teacher and the students of each language pair: those with results in the order of the table, then the others. */
export function trainedOf(source: Source): Trained[] {
  const { graph, results: { systems } } = source;
  const trials = trialsIn(graph);
  const models = MAKERS.flatMap((maker) =>
    [...graph.values()].filter(({ name, stage }) =>
      stage.name === maker && !trials.has(name)
    )
  );
  const places = systems.map(({ pair, system }) => `${pair}/${system}`);
  const placeOf = ({ pair, system }: Trained) => {
    const place = places.indexOf(`${pair}/${system}`);
    return place < 0 ? places.length : place;
  };
  const bySystem = Map.groupBy(
    models,
    (node) => `${pairOf(node.name)}/${nameOf(node)}`,
  );
  return [...bySystem.values()]
    .map((nodes) => trained(source, nodes))
    .toSorted((a, b) => placeOf(a) - placeOf(b));
}

/** `rkd` of the node `pt-en/student:rkd@2`. */
function nameOf({ name }: Node): string {
  const own = /:(.+)/.exec(name)?.[1];
  return own === undefined ? "teacher" : systemOf(own).system;
}

/** `made` are the nodes of one system; those that another of them is interpolated from are none of its models. */
function trained(source: Source, made: readonly Node[]): Trained {
  const tuned = new Set(made.map(({ inputs }) => inputs.tuned));
  const nodes = made.filter(({ name }) => !tuned.has(name));
  const [node] = nodes;
  const pair = pairOf(node.name);
  const system = nameOf(node);
  const { model, distillation } = parse(
    Config,
    node.config,
    `config of node "${node.name}"`,
  );
  const { dropout = model.dropout, warmup: _, ...weights } = selected(
    source,
    node,
  );
  const chosen = distillation && { ...distillation, ...weights };
  return {
    pair,
    system,
    family: familyOf(node, chosen, source.graph),
    model: { ...model, dropout },
    distillation: chosen,
    nodes: nodes.map(({ name }) => name),
    curves: made.filter(({ stage }) => stage.outputs.curve !== undefined)
      .map(({ name }) => name),
    row: source.results.systems.find((row) =>
      row.pair === pair && row.system === system
    ),
  };
}

/** The hyperparameters of the trial that was selected for a student. */
function selected(
  { manifest, graph }: Source,
  { inputs }: Node,
): Partial<Hyperparameters> {
  const choice = inputs.choice;
  if (choice === undefined) return {};
  const chosen = manifest.nodes[choice]?.metrics.chosen;
  const choices = Choices.safeParse(graph.get(choice)?.config).data;
  return choices?.points[String(chosen)] ?? {};
}

/** By the loss alone: a student of any family may begin as layers of its teacher. */
function familyOf(
  node: Node,
  distillation: Distillation | undefined,
  graph: Graph,
): Family {
  if (distillation === undefined) {
    return node.name.endsWith("import:imported") ? "imported" : "teacher";
  }
  const { alpha, encoder, decoder, attention } = distillation;
  const combined = [...encoder, ...decoder];
  if (combined.some((layers) => layers.length > 1)) return "combined";
  const single = [...attention.encoder, ...attention.decoder];
  if (combined.length + single.length > 0) return "skipped";
  if (alpha > 0) return "soft";
  return translationsLearned(graph, node).size > 0
    ? "translations"
    : "references";
}

/** Which translations of the teacher a student learns from: of the training sources, of text without translations. */
export function translationsLearned(
  graph: Graph,
  { inputs }: Pick<Node, "inputs">,
): ReadonlySet<"pairs" | "monolingual"> {
  const { lessons, trainingData, pairs } = inputs;
  const above = graph.get(lessons ?? trainingData ?? pairs ?? "");
  if (above === undefined) return new Set();
  switch (above.stage.name) {
    case "translations":
      return new Set(["pairs"]);
    case "mixture":
      return new Set(["monolingual", ...translationsLearned(graph, above)]);
    default:
      return translationsLearned(graph, above);
  }
}
