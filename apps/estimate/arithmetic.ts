/** Counts the operations of models in those of matrix products, for the estimate. */
import {
  allSignals,
  type Distillation,
  isStreamed,
  type Signals,
  signalsOf,
} from "../../schemas/experiment/distillation.ts";
import type { Model, Training } from "../../schemas/experiment/model.ts";
import type { Runtime } from "../../schemas/experiment/runtime.ts";
import { PRUNING_TOKENS } from "../../nmt/distillation/pruning.ts";
import type { SizedModel } from "../../nmt/transformer/parameters.ts";

/** What a corpus holds once it is tokenized; tokens without the one that ends each sentence. */
export interface CorpusSize {
  readonly pairs: number;
  readonly sourceTokens: number;
  readonly targetTokens: number;
}

/** Numbers of a pair in a token file beside its subwords: an offset and a sentence id of two a side. */
export const PAIR_NUMBERS = 6;

/** A training, what it learns of a teacher where it has one, and its pairs and those of its validation, if they are known. */
export interface TrainingWork extends SizedModel {
  readonly training: Training;
  readonly runtime: Runtime;
  readonly train?: CorpusSize;
  readonly validation?: CorpusSize;
  readonly distillation?: Distillation;
  readonly teacher?: SizedModel;
}

/**
 * What everything but products costs for a feature of a token in a layer, forwards and backwards: norms, dropout,
 * softmax, attention, Adam. In the time of operations of products, fitted to the rows step-d256 and step-d512 of
 * docs/explanation/performance.md and to the teacher of `quick`, widths 128 to 512.
 */
const A_FEATURE = 11_500;

/** The same for a logit of the model and one of the teacher's soft targets, and for a feature of a state; fitted to `quick`. */
const A_LOGIT = 1300, A_STATE = 3000;

/** A training step is a forward pass and a backward one of twice its work. */
const FORWARD = 1 / 3;

/** Beam search, whose products are small, takes this much longer than its operations do in training. */
const SEARCH = 2, GREEDY = 1;

/** The shorter side of a batch, as a part of `batchTokens`, which bounds the longer. */
const SHORTER = 0.9;

/** Weights of the matrices that each token of a side is multiplied with. */
function weights({ width, feedForward, ...model }: Model) {
  const depth = model.feedForwardDepth;
  const block = depth === 1
    ? width ** 2
    : 2 * width * feedForward + (depth - 2) * feedForward ** 2;
  const first = model.autoregression === "ssru" ? 2 : 4;
  return {
    encoder: model.encoderLayers * (4 * width ** 2 + block),
    decoder: model.decoderLayers * ((first + 4) * width ** 2 + block),
  };
}

/** Operations of a training step's forward and backward pass over some tokens. */
function passes(
  model: Model,
  vocabulary: number,
  source: number,
  target: number,
): number {
  const { encoder, decoder } = weights(model);
  const features = model.width *
    (model.encoderLayers * source + model.decoderLayers * target);
  return 6 *
      (encoder * source + (decoder + vocabulary * model.width) * target) +
    A_FEATURE * features;
}

/** Operations of a whole training: its steps with what they learn of a teacher, and its validations. */
export function trainingOperations(work: TrainingWork): number {
  const { model, training, vocabulary, distillation, teacher } = work;
  const { width } = teacher?.model ?? model;
  const source = training.batchTokens, target = SHORTER * training.batchTokens;
  let step = passes(model, vocabulary, source, target) +
    A_LOGIT * vocabulary * target;
  if (distillation !== undefined && distillation.alpha > 0) {
    step += target * vocabulary * (2 * width + A_LOGIT);
  }
  if (distillation !== undefined && distillation.beta > 0) {
    const { encoder, decoder } = signalsOf(distillation);
    const states = width *
      (encoder.length * source + decoder.length * target);
    step += states * (6 * model.width + A_STATE);
  }
  const isPassed = distillation !== undefined && isStreamed(distillation);
  if (teacher !== undefined && isPassed) {
    step += FORWARD * passes(teacher.model, 0, source, target);
  }
  return training.steps * step +
    validationsOf(training) * validationOperations(work);
}

/** How often a training is validated: the average of checkpoints once more. */
export function validationsOf({ steps, validateEvery }: Training): number {
  return Math.ceil(steps / validateEvery) + 1;
}

/** Operations of a validation: the likelihood of the pairs, and a greedy search of those that BLEU is of. */
function validationOperations(
  { model, vocabulary, training, validation }: TrainingWork,
): number {
  if (validation === undefined) return 0;
  const { pairs, sourceTokens, targetTokens } = validation;
  const likelihood = FORWARD *
    passes(model, vocabulary, sourceTokens + pairs, targetTokens + pairs);
  if (training.selection === "nll") return likelihood;
  const share = Math.min(1, (training.bleuSentences ?? pairs) / pairs);
  return likelihood +
    share * searchOperations(model, vocabulary, GREEDY, validation);
}

/** Operations of a pass of a teacher over all pairs that computes some signals: without logits, of the encoder alone where that is all. */
export function recordingOperations(
  teacher: Model,
  { final, decoder, decoderAttention }: Signals,
  { pairs, sourceTokens, targetTokens }: CorpusSize,
): number {
  const isDecoded = final || decoder.length + decoderAttention.length > 0;
  const target = isDecoded ? targetTokens + pairs : 0;
  return FORWARD * passes(teacher, 0, sourceTokens + pairs, target);
}

/** Multiplications a second in loops of our own. */
const PLAIN = 1e9;

/** Operations of a pass over some text, which finds how the neurons of a model's blocks fire together. */
export function gramOperations(model: Model, size: CorpusSize): number {
  const { encoderLayers, decoderLayers, feedForward } = model;
  const { sourceTokens, targetTokens } = size;
  const pairs = 2 * feedForward ** 2 *
    (encoderLayers * sourceTokens + decoderLayers * targetTokens);
  return Math.min(1, PRUNING_TOKENS / targetTokens) *
    (recordingOperations(model, allSignals("final", model), size) + pairs);
}

/** Seconds in which the neurons of a model's blocks are chosen, once that is known. */
export function pruningSeconds(
  { encoderLayers, decoderLayers, feedForward, width }: Model,
): number {
  const system = feedForward * (feedForward + width);
  return (encoderLayers + decoderLayers) * 2 * feedForward * system / PLAIN;
}

/** Operations of beam search over some sentences. */
export function searchOperations(
  model: Model,
  vocabulary: number,
  beam: number,
  { pairs, sourceTokens, targetTokens }: CorpusSize,
): number {
  return SEARCH * FORWARD *
    passes(
      model,
      vocabulary,
      sourceTokens + pairs,
      beam * (targetTokens + pairs),
    );
}

/** Bytes of a recording: layers and attention maps in float16, the final state in float32. */
export function recordingBytes(
  { width }: Model,
  { final, encoder, decoder, encoderAttention, decoderAttention }: Signals,
  { pairs, sourceTokens, targetTokens }: CorpusSize,
): number {
  const source = sourceTokens + pairs, target = targetTokens + pairs;
  const [across, along] = [source / pairs, target / pairs];
  const maps = encoderAttention.length * source * across +
    decoderAttention.length * target * (across + along);
  return 2 * width * (encoder.length * source + decoder.length * target) +
    (final ? 4 * width * target : 0) + 2 * maps;
}
