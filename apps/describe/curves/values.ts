/** What was measured while the models of a run were trained, a value a row. */
import { z } from "zod";
import { jsonIfValid, readIfThere } from "../../../engine/files/atomic.ts";
import { failure } from "../../../engine/files/failure.ts";
import type { SystemRun } from "../../../schemas/results.ts";
import { prefixOf } from "../../../schemas/subwords.ts";
import type { MadeNode } from "../made_node.ts";
import type { Described } from "../record.ts";

/** A model that was trained, and how. */
export interface Training {
  readonly node: MadeNode;
  /** With the language pair of its node before it, if that has one. */
  readonly system: string;
  /** Its scores on the test set. */
  readonly run: SystemRun;
  readonly parameters: number;
  /** At least one. */
  readonly values: readonly Value[];
}

export interface Value {
  readonly step: number;
  /** On the validation pairs `nll`, -log p a target token, or `bleu`; `trainingLoss`, the mean since the step before. */
  readonly name: "nll" | "bleu" | "trainingLoss";
  readonly value: number;
}

/** The described models that have a curve, each once, on however many test sets it was scored. @throws a failure if there is none */
export function trainingsOf(
  { source: { results }, nodes }: Described,
): Training[] {
  const runs = results.systems.flatMap(({ system, parameters, runs }) =>
    runs.map((run) => ({ system, parameters, run }))
  );
  // A further test set repeats the systems, in a pair of its own and without their seeds.
  const models = Map.groupBy(runs, ({ run: { model } }) => model);
  const trainings = nodes.flatMap((node): Training[] => {
    const [first] = models.get(node.name) ?? [];
    if (first === undefined) return [];
    const losses = trainingLosses(node);
    const values = (results.curves[node.name] ?? []).flatMap(
      ({ step, nll, bleu }): Value[] => [
        { step, name: "nll", value: nll },
        ...named(step, "bleu", bleu),
        ...named(step, "trainingLoss", losses.get(step)),
      ],
    );
    const system = prefixOf(node.name) + first.system;
    return values.length === 0 ? [] : [{ ...first, node, system, values }];
  });
  if (trainings.length > 0) return trainings;
  throw failure(
    "Cannot describe training: none of the nodes is an evaluated model with a curve; name a teacher or students.",
  );
}

function named(
  step: number,
  name: Value["name"],
  value: number | undefined,
): Value[] {
  return value === undefined ? [] : [{ step, name, value }];
}

const Losses = z.array(
  z.object({ step: z.int(), trainingLoss: z.number() }),
);

/** The training loss by step, where the node's own curve is there: committed results are without it. */
function trainingLosses({ outputs }: MadeNode): ReadonlyMap<number, number> {
  const { at } = outputs.find(({ name }) => name === "curve") ?? {};
  const text = at === undefined ? undefined : readIfThere(at);
  const losses = Losses.safeParse(text && jsonIfValid(text)).data ?? [];
  return new Map(
    losses.map(({ step, trainingLoss }) => [
      step,
      Number(trainingLoss.toFixed(4)),
    ]),
  );
}

/** `rkd@1`: a system and the seed of its training. */
export function nameOf({ system, run: { seed } }: Training): string {
  return seed === undefined ? system : `${system}@${seed}`;
}

/** How curves call a value in TensorBoard and Weights & Biases. */
export const TAGS: Readonly<Record<Value["name"], string>> = {
  nll: "validation/nll",
  bleu: "validation/bleu",
  trainingLoss: "training/loss",
};

/** A table that pandas and R read: `system,seed,step,name,value`. */
export function csvText(trainings: readonly Training[]): string {
  const rows = trainings.flatMap(({ system, run: { seed = "" }, values }) =>
    values.map(({ step, name, value }) =>
      [system, seed, step, name, value].join(",")
    )
  );
  return ["system,seed,step,name,value", ...rows].join("\n") + "\n";
}
