/** Initialization of a student from layers of its teacher, in place of random weights. */
import type {
  Distillation,
  LayerChoice,
} from "../../schemas/experiment/distillation.ts";
import type { Model } from "../../schemas/experiment/model.ts";
import type { SavedModel } from "../transformer/checkpoint.ts";
import { projectionShapes } from "./layer_loss.ts";
import {
  embeddingNames,
  initialWeights,
  parameterShapes,
  type Weights,
} from "../transformer/parameters.ts";

/** The random weights of a student that draws them as a teacher of the seed of `start`; none where it draws its own. */
export function sharedWeights(
  student: Model,
  vocabulary: number,
  { seed }: Distillation["start"],
): Weights {
  if (seed === undefined) return {};
  return initialWeights(parameterShapes(student, vocabulary), seed, "teacher");
}

/**
 * Copies of the teacher's parameters for a student (Sanh et al. 2019): the layers that `start` chooses, the final norms of
 * their stacks and the embeddings. A stack without chosen layers is left out; without any, the result is empty.
 *
 * @throws Where a parameter has another shape in the student.
 */
export function weightsFromTeacher(
  { model, vocabulary, weights }: SavedModel,
  student: Model,
  start: LayerChoice,
): Weights {
  const chosen = [...start.encoder, ...start.decoder];
  if (chosen.length === 0) return {};
  const theirs = parameterShapes(model, vocabulary);
  const copied = Object.entries(parameterShapes(student, vocabulary)).flatMap(
    ([name, shape]) => {
      const source = sourceOf(name, student, start);
      if (source === undefined) return [];
      if (theirs[source]?.join() !== shape.join()) {
        throw new Error(
          `Cannot start ${name} from the teacher's ${source}: expected shape [${shape}], found [${
            theirs[source] ?? "none"
          }]`,
        );
      }
      return [[name, weights[source].slice()] as const];
    },
  );
  return Object.fromEntries(copied);
}

/** The teacher's parameter that a student's is a copy of; undefined where it is initialized at random. */
function sourceOf(
  name: string,
  student: Model,
  start: LayerChoice,
): string | undefined {
  const [stack, place, ...rest] = name.split(".");
  if (stack === "output") {
    // What makes logits is the decoder's, unless the matrix that everything shares does.
    const isShared = embeddingNames(student).output === "embedding";
    return isShared || start.decoder.length > 0 ? name : undefined;
  }
  if (stack !== "encoder" && stack !== "decoder") return name;
  if (start[stack].length === 0) return undefined;
  if (place === "norm" || place === "embedding") return name;
  return [stack, start[stack][Number(place)] - 1, ...rest].join(".");
}

/**
 * The projections W_j, b_j of a student that begins as layers of its teacher: its state is held against each of the
 * combined layers as it is. Random ones would first pull the student away from where it begins.
 */
export function projectionsFromTeacher(
  distillation: Distillation,
  width: number,
): Weights {
  const { beta, start } = distillation;
  if (beta === 0) return {};
  const shapes = projectionShapes(
    {
      ...distillation,
      encoder: start.encoder.length === 0 ? [] : distillation.encoder,
      decoder: start.decoder.length === 0 ? [] : distillation.decoder,
    },
    { student: width, teacher: width },
  );
  return Object.fromEntries(
    Object.entries(shapes).map(([name, [rows, columns]]) => [
      name,
      Float32Array.from(
        { length: rows * (columns ?? 1) },
        (_, at) =>
          columns === undefined
            ? 0
            : Number(Math.floor(at / columns) % width === at % columns % width),
      ),
    ]),
  );
}
