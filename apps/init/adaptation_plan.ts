/** Initial hyperparameters of an experiment that adapts a public model, and the shape of the students distilled from it. */
import {
  AdaptationTraining,
  type Model,
} from "../../schemas/experiment/model.ts";
import {
  parameterCount,
  parameterShapes,
} from "../../nmt/transformer/parameters.ts";

/** How often the model is tuned on each pair, within these numbers of steps. */
const PASSES = 1.5, STEPS = { least: 200, most: 2000, multiple: 40 };

/** The share of the tuned weights in the adapted model. */
export const INTERPOLATION = 0.5;

/** A character that fewer pairs have is not learned. */
export const CHARACTER_PAIRS = 2;

/** Training of the students, but for its steps. */
export const STUDENT_TRAINING = {
  batchTokens: 2000,
  rate: 3e-4,
  warmup: 100,
  labelSmoothing: 0,
  clipNorm: 1,
} as const;

/** Weights of the systems' losses: of soft targets alone, and with the combined layers. */
export const WEIGHTS = {
  noLayers: { alpha: 0.5 },
  ckd: { alpha: 0.4, beta: 0.2 },
} as const;

/** A student has at most this part of its teacher's parameters, and of the layers of its decoder. */
const PART = 1 / 2;

/** Students keep this many times the subwords that the text uses, as a multiple of so many. */
const MARGIN = 1.01, SUBWORDS = 100;

/** Steps of the adaptation to a corpus with so many tokens on its longer side. */
export function adaptationSteps(tokens: number): number {
  const { batchTokens } = AdaptationTraining.parse({});
  const { least, most, multiple } = STEPS;
  const steps = PASSES * tokens / batchTokens;
  return Math.min(
    most,
    Math.max(least, multiple * Math.round(steps / multiple)),
  );
}

/** Subwords of the students' vocabulary for a text that uses so many of the teacher's; undefined where they keep all. */
export function studentSubwords(used: number, all: number): number | undefined {
  const kept = SUBWORDS * Math.ceil(MARGIN * used / SUBWORDS);
  return kept < all ? kept : undefined;
}

/**
 * The student of a teacher, each with so many subwords: half of the decoder's layers, and as many of the encoder's as leave
 * it at most half of the teacher's parameters; at least 1 + 1 layers, even where those have more.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Model } from "../../schemas/experiment/model.ts";
 * import { studentOf } from "./adaptation_plan.ts";
 *
 * const student = studentOf(Model.parse({}), { teacher: 32_000, student: 8_000 });
 * assertEquals([student.encoderLayers, student.decoderLayers], [4, 3]);
 * ```
 */
export function studentOf(
  model: Model,
  subwords: { readonly teacher: number; readonly student: number },
): Model {
  const most = PART * parametersOf(model, subwords.teacher);
  const half = Math.max(1, Math.floor(PART * model.decoderLayers));
  for (let decoderLayers = half; decoderLayers > 0; decoderLayers--) {
    for (
      let encoderLayers = model.encoderLayers;
      encoderLayers > 0;
      encoderLayers--
    ) {
      const student = { ...model, encoderLayers, decoderLayers };
      if (parametersOf(student, subwords.student) <= most) return student;
    }
  }
  return { ...model, encoderLayers: 1, decoderLayers: 1 };
}

/** Layers of encoder and decoder, such as `6 + 2`. */
export function layersOf({ encoderLayers, decoderLayers }: Model): string {
  return `${encoderLayers} + ${decoderLayers}`;
}

/** Parameters of a model with so many subwords. */
export function parametersOf(model: Model, subwords: number): number {
  return parameterCount(parameterShapes(model, subwords));
}

/**
 * The teacher's layers, counted from 1, as one group for each student layer; their sizes differ by one at most. A student
 * layer begins as the last of its group.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { layerGroups } from "./adaptation_plan.ts";
 *
 * assertEquals(layerGroups(6, 4), [[1], [2, 3], [4], [5, 6]]);
 * ```
 */
export function layerGroups(teacher: number, student: number): number[][] {
  const end = (layer: number) => Math.floor(layer * teacher / student);
  return Array.from({ length: student }, (_, i) =>
    Array.from(
      { length: end(i + 1) - end(i) },
      (_, j) => end(i) + j + 1,
    ));
}
