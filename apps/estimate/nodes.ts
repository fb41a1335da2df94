/** What an estimate reads off the nodes of a graph: their models, trainings, runtimes and corpora. */
import { z } from "zod";
import type { Step, Steps } from "../../engine/graph/estimate.ts";
import { Distillation } from "../../schemas/experiment/distillation.ts";
import { Model, Training } from "../../schemas/experiment/model.ts";
import { Runtime } from "../../schemas/experiment/runtime.ts";
import { Hyperparameters } from "../../schemas/experiment/tuning.ts";
import type { SizedModel } from "../../nmt/transformer/parameters.ts";
import type { TrainingWork } from "./arithmetic.ts";

const Tuned = z.object({ points: z.record(z.string(), Hyperparameters) });

const Sized = z.object({ model: Model, vocabulary: z.int() });

/** What a stage does to a model. */
const Changed = z.object({
  size: z.int().optional(),
  characters: z.int().optional(),
  feedForward: z.int().optional(),
});

const Trained = Sized.extend({
  training: Training,
  runtime: Runtime.prefault({}),
  distillation: Distillation.optional(),
});

/** The runtime that a node computes on; undefined for one that computes on none. */
export function runtimeOf(step: Step | undefined): Runtime | undefined {
  return z.object({ runtime: Runtime }).safeParse(step?.config).data?.runtime;
}

/** What a node trains, and what it learns of; undefined for one that trains nothing. */
export function trainingOf(
  nodes: Steps,
  step: Step | undefined,
): TrainingWork | undefined {
  const trained = Trained.safeParse(step?.config).data;
  return trained && {
    ...trained,
    distillation: trained.distillation &&
      { ...trained.distillation, ...triedPoint(nodes, step) },
    teacher: modelOf(nodes, step?.inputs.teacher),
  };
}

/** Hyperparameters of a grid for a node that takes those of a trial or the selected ones: the work is the same with all. */
function triedPoint(
  nodes: Steps,
  step: Step | undefined,
): Hyperparameters | undefined {
  const config = nodes.get(step?.inputs.choice ?? "")?.config;
  const points = Tuned.safeParse(config).data?.points ?? {};
  return Hyperparameters.safeParse(config).data ?? Object.values(points)[0];
}

/** Whether a node is a student that the selected trial is already: the first that takes a selection among trials of full length. */
export function isTrained(nodes: Steps, name: string): boolean {
  const { choice = "" } = nodes.get(name)?.inputs ?? {};
  const trial = Object.entries(nodes.get(choice)?.inputs ?? {})
    .find(([input]) => input.startsWith("trial:"))?.[1];
  const isFullLength = nodes.get(trial ?? "")?.inputs.choice !== undefined;
  const taking = [...nodes].filter(([, { inputs }]) =>
    inputs.choice === choice
  );
  return isFullLength && taking[0][0] === name;
}

/** The subwords of a node that tokenizes. */
export function vocabularyOf({ config }: Step): number {
  return z.object({ size: z.int() }).safeParse(config).data?.size ?? 0;
}

/** The model that a node trains or imports, or that it extends, trims or prunes. */
export function modelOf(
  nodes: Steps,
  name: string | undefined,
): SizedModel | undefined {
  const node = nodes.get(name ?? "");
  const { imported, teacher } = node?.inputs ?? {};
  const before = node?.stage === "extend"
    ? modelOf(nodes, imported)
    : ["trim", "prune"].includes(node?.stage ?? "")
    ? modelOf(nodes, teacher)
    : undefined;
  if (before === undefined) return Sized.safeParse(node?.config).data;
  const { model, vocabulary } = before;
  const { size, characters = 0, feedForward = model.feedForward } = Changed
    .parse(node?.config);
  return {
    model: { ...model, feedForward },
    vocabulary: size ?? vocabulary + characters,
  };
}

/** The corpus that a node's tokens are of, or what joins several. */
export function corpusOf(nodes: Steps, name: string): Step | undefined {
  const node = nodes.get(name);
  if (node === undefined || ["corpus", "join"].includes(node.stage)) {
    return node;
  }
  const { corpus, tokens, lessons, trainingData, pairs } = node.inputs;
  const above = corpus ?? tokens ?? lessons ?? trainingData ?? pairs;
  return above === undefined ? undefined : corpusOf(nodes, above);
}
