/** Bytes of memory that a training's process takes at most. */
import {
  isStreamed,
  signalsOf,
} from "../../schemas/experiment/distillation.ts";
import type { Model } from "../../schemas/experiment/model.ts";
import { projectionShapes } from "../../nmt/distillation/layer_loss.ts";
import { validationTokens } from "../../nmt/training/validation.ts";
import {
  parameterCount,
  parametersOf,
} from "../../nmt/transformer/parameters.ts";
import type { TrainingWork } from "./arithmetic.ts";
import {
  FLOAT,
  passBytes,
  PROCESS,
  runtimeBytes,
  searchBytes,
  tokensMemory,
} from "./memory.ts";

/** Positions of a long sentence: an attention map has so many numbers a position and head. */
const LENGTH = 50;

/** Bytes a parameter while it is trained: twice the weights, two moments, the gradient, the initial value. */
const TRAINED = 24;

/** The same when training ends, without a step: checkpoints are read and averaged, and what they replace is not collected yet. */
const AVERAGED = 60;

/** Matrices [rows, V] at one time: logits, probabilities and errors, with soft targets the teacher's too and differences. */
const LOGITS = 2, SOFT_TARGETS = 5;

/** Memory that is kept from run to run over that of the tensors of one; those of the vocabulary's size are used again. */
const KEPT = 1.3, KEPT_LOGITS = 1.05;

/** Bytes a parameter of the programs of a greedy search: encoder and step. */
const GREEDY = 16;

/** OpenVINO keeps so many times what ONNX Runtime keeps, of large tensors too. */
const OPENVINO = 2;

/** Floats a feature of a teacher's state: float16 of two batches, float32, combined, normalised. */
const STATE = 4;

/** What a position of each stack's layer keeps for the backward pass, in floats. */
function layerFloats(model: Model): { encoder: number; decoder: number } {
  const { width, heads, feedForward, feedForwardDepth } = model;
  const attention = 6 * width + heads * LENGTH;
  const kept = model.activation === "swish" ? 2 : 1;
  const block = 3 * width + kept * (feedForwardDepth - 1) * feedForward;
  return { encoder: attention + block, decoder: 2 * attention + block };
}

/**
 * A training: the process, the tokens, 24 bytes a parameter, the teacher's weights, a step, whose batch has for each of
 * `batchTokens` positions what the layers keep, two matrices of the vocabulary's size (five with soft targets) and the
 * teacher's states, and a validation, with the search of its translations; or, where that is more, the average of the
 * checkpoints at the end in place of the step. It assumes that a batch is full on both sides and sentences have 50
 * positions. Within 25 % of what was measured of `tiny`, `quick`, tiny11's and OPUS-MT's sizes.
 */
export function trainingMemory(work: TrainingWork): number {
  const { training, train, distillation, teacher, runtime } = work;
  const isOpenVino = runtime.name === "openvino";
  const search = training.selection === "bleu"
    ? (isOpenVino ? OPENVINO : 1) * searchBytes(work, GREEDY)
    : 0;
  const streamed = teacher !== undefined && distillation !== undefined &&
      isStreamed(distillation)
    ? passBytes(teacher, signalsOf(distillation), runtime)
    : 0;
  const always = PROCESS + runtimeBytes(runtime) + streamed +
    (train === undefined ? 0 : tokensMemory(train)) + teacherBytes(work);
  const programs = (isOpenVino ? OPENVINO : 1) *
    (stepBytes(work) + validationBytes(work));
  const parameters = trainedParameters(work);
  return always + search +
    Math.max(TRAINED * parameters + programs, AVERAGED * parameters);
}

/** Parameters of a model and of the projections that are trained with it. */
function trainedParameters(work: TrainingWork): number {
  const { model, distillation, teacher } = work;
  const projections = distillation && teacher
    ? parameterCount(
      projectionShapes(distillation, {
        student: model.width,
        teacher: teacher.model.width,
      }),
    )
    : 0;
  return parametersOf(work) + projections;
}

const isSoft = ({ teacher, distillation }: TrainingWork) =>
  teacher !== undefined && (distillation?.alpha ?? 0) > 0;

/** The weights of a teacher, and its output matrix as a constant of the step. */
function teacherBytes(work: TrainingWork): number {
  const { vocabulary, teacher } = work;
  if (teacher === undefined) return 0;
  return FLOAT * parametersOf(teacher) +
    (isSoft(work) ? 2 * FLOAT * vocabulary * (teacher.model.width + 1) : 0);
}

/** What the process keeps for a step. */
function stepBytes(work: TrainingWork): number {
  const { model, vocabulary, training, distillation, teacher } = work;
  const layers = layerFloats(model);
  const recorded = distillation && signalsOf(distillation);
  const states = teacher === undefined || recorded === undefined
    ? 0
    : STATE * teacher.model.width *
      (recorded.encoder.length + recorded.decoder.length);
  const logits = (isSoft(work) ? SOFT_TARGETS : LOGITS) * vocabulary;
  return FLOAT * training.batchTokens * (
    KEPT_LOGITS * logits + KEPT * (
        states + model.encoderLayers * layers.encoder +
        model.decoderLayers * layers.decoder
      )
  );
}

/** What the process keeps for batches whose likelihood is computed. */
function validationBytes(work: TrainingWork): number {
  return FLOAT * validationTokens(work.vocabulary) *
    (2 * KEPT_LOGITS * work.vocabulary +
      KEPT * layerFloats(work.model).encoder);
}
