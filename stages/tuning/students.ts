/** The nodes that train students, and before them the trials of their grids. */
import type { Handle, NodeFunction } from "../../engine/graph/graph.ts";
import {
  hasStart,
  recordedKinds,
  type SignalKind,
  usesTeacher,
} from "../../schemas/experiment/distillation.ts";
import {
  distillations,
  type Experiment,
  type TrainedStudent,
} from "../../schemas/experiment/experiment.ts";
import { pointName } from "../../schemas/experiment/tuning.ts";
import chooseStage from "../choose.ts";
import studentStage from "../student.ts";
import hyperparametersStage from "./hyperparameters.ts";

/** What a student learns from. */
export interface Learned {
  readonly teacher: Handle<"model">;
  readonly tokens: Handle<"tokenizer" | "validation">;
  readonly trainingData: Handle<"train">;
}

/** What students have in common. */
export interface Shared {
  readonly experiment: Pick<Experiment, "runtime" | "evaluation">;
  /** How many subwords they know. */
  readonly vocabulary: number;
  readonly learned: Learned;
  /** The recordings of the teacher's signals that some student reads. */
  readonly states: ReadonlyMap<SignalKind, Handle<"shards">>;
  readonly corpus: Handle<"validation">;
  readonly hyperparameters: ReadonlyMap<string, Handle<"choice">>;
}

/** The hyperparameters of all trials of full length by their names: those of several students are one node. */
export function hyperparameterNodes(
  node: NodeFunction,
  students: readonly TrainedStudent[],
): ReadonlyMap<string, Handle<"choice">> {
  const points = students.filter(({ tuning }) => tuning.isFullLength)
    .flatMap(({ tuning }) => tuning.trials)
    .map(({ hyperparameters }) => hyperparameters);
  const byName = new Map(points.map((point) => [pointName(point), point]));
  return new Map([...byName].map(([name, config]) => [
    name,
    node(hyperparametersStage, { name, config }),
  ]));
}

/** A student for each of its seeds, one after the other, with the hyperparameters of its best trial, if there are any. */
export function* studentsOf(
  node: NodeFunction,
  [system, student]: readonly [string, TrainedStudent],
  { experiment: { runtime, evaluation }, ...shared }: Shared,
  start: Handle<"model"> | undefined,
) {
  const { vocabulary, learned, states, corpus } = shared;
  const { model, training, distillation, tuning, seeds } = student;
  const { teacher, tokens, trainingData } = learned;
  const uses = distillations(student);
  const { tokenize, lowercase } = evaluation;
  const config = {
    ...{ model, training, distillation, runtime, vocabulary },
    ...{ tokenize, lowercase },
  };
  const inputs = {
    ...{ lessons: trainingData, tokens },
    teacher: uses.some(usesTeacher) ? teacher : undefined,
    ...recordings(states, uses.flatMap(recordedKinds)),
    start: uses.some(hasStart) ? start : undefined,
  };
  const trials = tuning.trials.map(({ name, hyperparameters, ...tried }) => {
    const choice = shared.hyperparameters.get(pointName(hyperparameters));
    const trained = node(studentStage, {
      name: `${system}.${name}`,
      seed: seeds[0],
      // A trial of full length has all that the student has, so that the selected one is not trained again.
      ...tuning.isFullLength ? { config, inputs: { ...inputs, choice } } : {
        config: { ...config, ...tried },
        inputs,
      },
    });
    return { name, hyperparameters, trained };
  });
  const choice = trials.length === 0 ? undefined : node(chooseStage, {
    name: system,
    config: {
      points: Object.fromEntries(
        trials.map(({ name, hyperparameters }) => [name, hyperparameters]),
      ),
      ...{ evaluation, runtime },
    },
    inputs: {
      ...Object.fromEntries(
        trials.map(({ name, trained }) => [`trial:${name}` as const, trained]),
      ),
      ...{ tokens, corpus },
    },
  });
  for (const seed of seeds) {
    const name = seeds.length === 1 ? system : `${system}@${seed}`;
    const model = node(studentStage, {
      ...{ name, seed, config },
      inputs: { ...inputs, choice },
    });
    yield { name, model };
  }
}

/** The inputs by which a student gets recordings of these kinds. */
function recordings(
  states: Shared["states"],
  kinds: readonly SignalKind[],
): Record<`states:${string}`, Handle<"shards">> {
  return Object.fromEntries(
    [...states].filter(([kind]) => kinds.includes(kind))
      .map(([kind, recorded]) => [`states:${kind}`, recorded]),
  );
}
