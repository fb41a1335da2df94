/** Initial hyperparameters of an experiment that adapts a public model, and the shape of the students distilled from it. */
import {
  AdaptationTraining,
  type Model,
} from "../../schemas/experiment/model.ts";
import {
  parametersOf,
  type SizedModel,
} from "../../nmt/transformer/parameters.ts";
import type { Size } from "./plans.ts";

/** How often the model is tuned on each pair, and how often a student reads it; within these numbers of steps. */
const PASSES = 1.5, STEPS = { least: 200, most: 2000, multiple: 40 };
const STUDENT_PASSES = { small: 2, medium: 4 },
  STUDENT_STEPS = { ...STEPS, most: 8000 };

/** The share of the tuned weights in the adapted model. */
export const INTERPOLATION = 0.5;

/** A character that fewer pairs have is not learned. */
export const CHARACTER_PAIRS = 2;

/** Training of the students, but for its steps. */
export const STUDENT_TRAINING = {
  batchTokens: 2000,
  rate: 2e-4,
  warmup: 50,
  labelSmoothing: 0,
  clipNorm: 1,
} as const;

/** Weights of the systems' losses: of soft targets alone, and with the combined layers. */
export const WEIGHTS = {
  rkd: { alpha: 0.2 },
  ckd: { alpha: 0.1, beta: 0.1 },
} as const;

/** A student has at most this part of its teacher's parameters; where layers are left out, of those of its decoder too. */
const PART = 1 / 2;

/** A student's blocks have at least this part of the teacher's neurons, as a multiple of so many. */
const NEURONS = { part: 1 / 4, multiple: 32 };

/** Students keep this many times the subwords that the text uses, as a multiple of so many. */
const MARGIN = 1.01, SUBWORDS = 100;

/** Steps of the adaptation to a corpus with so many tokens on its longer side. */
export function adaptationSteps(tokens: number): number {
  const { batchTokens } = AdaptationTraining.parse({});
  return within(STEPS, PASSES * tokens / batchTokens);
}

/** Steps of a student that begins as its teacher, without some of its neurons. */
export function studentSteps(tokens: number, size: Size): number {
  const { batchTokens } = STUDENT_TRAINING;
  return within(STUDENT_STEPS, STUDENT_PASSES[size] * tokens / batchTokens);
}

function within(
  { least, most, multiple }: typeof STEPS,
  steps: number,
): number {
  const rounded = multiple * Math.round(steps / multiple);
  return Math.min(most, Math.max(least, rounded));
}

/** Subwords of the students' vocabulary for a text that uses so many of the teacher's; undefined where they keep all. */
export function studentSubwords(used: number, all: number): number | undefined {
  const kept = SUBWORDS * Math.ceil(MARGIN * used / SUBWORDS);
  return kept < all ? kept : undefined;
}

/**
 * The student of a teacher, with so many subwords: all layers, with as many neurons in each feed-forward block as leave
 * it at most half of the teacher's parameters. Where that is less than a quarter of them, it has fewer layers too: half
 * of the decoder's, and as many of the encoder's as fit; at least 1 + 1, even where those have more.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Model } from "../../schemas/experiment/model.ts";
 * import { studentOf } from "./adaptation_plan.ts";
 *
 * const model = Model.parse({});
 * const student = studentOf({ model, vocabulary: 32_000 }, 8_000);
 * assertEquals(student, { ...model, feedForward: 576 });
 * ```
 */
export function studentOf(teacher: SizedModel, vocabulary: number): Model {
  const { model } = teacher;
  const most = PART * parametersOf(teacher);
  const sizes = [...widths(model)];
  const fits = (student: Model) =>
    parametersOf({ model: student, vocabulary }) <= most;
  for (const layers of depths(model)) {
    for (const feedForward of sizes) {
      const student = { ...model, ...layers, feedForward };
      if (fits(student)) return student;
    }
  }
  const feedForward = sizes[sizes.length - 1];
  return { ...model, encoderLayers: 1, decoderLayers: 1, feedForward };
}

/** Neurons of a student's blocks, most first; only blocks of two maps can be narrower than the teacher's. */
function* widths({ feedForward, feedForwardDepth }: Model): Generator<number> {
  yield feedForward;
  if (feedForwardDepth !== 2) return;
  const widest = NEURONS.multiple *
    (Math.ceil(feedForward / NEURONS.multiple) - 1);
  for (
    let width = widest;
    width >= NEURONS.part * feedForward;
    width -= NEURONS.multiple
  ) yield width;
}

/** Layers of a student: all, then half of the decoder's with ever fewer of the encoder's, then fewer of both. */
function* depths(
  { encoderLayers: encoder, decoderLayers: decoder }: Model,
): Generator<Pick<Model, "encoderLayers" | "decoderLayers">> {
  yield { encoderLayers: encoder, decoderLayers: decoder };
  for (let d = Math.max(1, Math.floor(PART * decoder)); d > 0; d--) {
    for (let e = encoder; e > 0; e--) {
      yield { encoderLayers: e, decoderLayers: d };
    }
  }
}

/** Layers of encoder and decoder, such as `6 + 2`. */
export function layersOf({ encoderLayers, decoderLayers }: Model): string {
  return `${encoderLayers} + ${decoderLayers}`;
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

/**
 * The teacher's layers that are combined for each student layer: its group, or each layer and the next one where the
 * student has as many as the teacher.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { combinedLayers } from "./adaptation_plan.ts";
 *
 * assertEquals(combinedLayers(3, 3), [[1, 2], [2, 3], [3]]);
 * ```
 */
export function combinedLayers(teacher: number, student: number): number[][] {
  const groups = layerGroups(teacher, student);
  return student < teacher
    ? groups
    : groups.map(([layer]) => layer < teacher ? [layer, layer + 1] : [layer]);
}
