/** Configuration of a Transformer and its training, with their defaults and limits. */
import { z } from "zod";

const count = z.int().min(1);

const shape = {
  encoderLayers: count.max(64),
  decoderLayers: count.max(64),
  /** Features of a position, d. */
  width: count.max(8192),
  /** Features of the inner layer of a feed-forward block. */
  feedForward: count.max(32768),
  heads: count.max(256),
  /** Probability that a feature is dropped, after the embedding and in every residual branch. */
  dropout: z.number().min(0).max(0.9),
  /** Layer normalisation before each sublayer and after each stack, or after each residual sum. */
  norm: z.enum(["pre", "post"]),
  /** Added to a variance before its root is taken. */
  normEpsilon: z.number().positive().max(0.01),
  activation: z.enum(["relu", "swish"]),
  /** Linear maps of a feed-forward block. */
  feedForwardDepth: count.max(8),
  /** What a position of the decoder sees of those before it by: attention, or the state of a recurrent unit (SSRU). */
  autoregression: z.enum(["self-attention", "ssru"]),
  /** Which of the three embedding matrices, of source, target and output, are one: all, source and target, target and output. */
  tiedEmbeddings: z.enum(["all", "input", "output", "none"]),
  /** Whether embeddings of source and target are multiplied by sqrt(d). */
  scaleEmbedding: z.boolean(),
  /** The longest wave of the positions: of 2 pi 10,000^(1 - 2/d) positions, or of 2 pi 10,000, as Tensor2Tensor and Marian have it. */
  positions: z.enum(["original", "tensor2tensor"]),
  /** Whether the logits have a bias. */
  outputBias: z.boolean(),
};

const withDefaults = (layers: number) =>
  z.strictObject({
    encoderLayers: shape.encoderLayers.default(layers),
    decoderLayers: shape.decoderLayers.default(layers),
    width: shape.width.default(512),
    feedForward: shape.feedForward.default(2048),
    heads: shape.heads.default(8),
    dropout: shape.dropout.default(0.1),
    norm: shape.norm.default("pre"),
    normEpsilon: shape.normEpsilon.default(1e-5),
    activation: shape.activation.default("relu"),
    feedForwardDepth: shape.feedForwardDepth.default(2),
    autoregression: shape.autoregression.default("self-attention"),
    tiedEmbeddings: shape.tiedEmbeddings.default("all"),
    scaleEmbedding: shape.scaleEmbedding.default(true),
    positions: shape.positions.default("original"),
    outputBias: shape.outputBias.default(false),
  }).superRefine((model, context) => {
    if (model.width % model.heads !== 0) {
      context.addIssue({
        code: "custom",
        path: ["heads"],
        message:
          `expected a number of heads that divides width ${model.width}, found ${model.heads}`,
      });
    }
    if (model.width % 2 !== 0) {
      context.addIssue({
        code: "custom",
        path: ["width"],
        message: `expected an even width, found ${model.width}`,
      });
    }
  });

/**
 * A Transformer (Vaswani et al. 2017), by default pre-norm with one embedding matrix. The decoder may have simpler simple
 * recurrent units in place of self-attention (SSRU, Kim et al. 2019, "From Research to Production and Back").
 */
export const Model = withDefaults(6);
export type Model = z.infer<typeof Model>;

/** The same with the paper's student depth, 2 + 2, as its default. */
export const StudentModel = withDefaults(2);

/** Any of a model's values, none by default: what one system changes of the shared student. */
export const ModelOverride = z.strictObject(shape).partial();

const trainingShape = {
  steps: count,
  /** A batch holds rows * max(source length, target length) tokens up to this number, padding included. */
  batchTokens: z.int().min(16),
  factor: z.number().positive(),
  warmup: count,
  /** In place of the Noam schedule: the rate rises to this over the warmup and stays. */
  rate: z.number().positive().optional(),
  /** Over this many last steps the rate falls to zero along a line (Hägele et al. 2024). */
  cooldown: count.optional(),
  beta1: z.number().min(0).lt(1),
  beta2: z.number().min(0).lt(1),
  epsilon: z.number().positive(),
  labelSmoothing: z.number().min(0).lt(1),
  /** Gradients are scaled down to this global L2 norm; 0 never clips. */
  clipNorm: z.number().min(0),
  /** Steps between validations; a checkpoint is written at each. */
  validateEvery: count,
  /** The model is the average of this many checkpoints, the best ones, or the best one alone where that validates better. */
  average: count.max(32),
  /** What is best on the validation pairs: BLEU of greedy translations, at equal BLEU the likelihood; or the likelihood alone. */
  selection: z.enum(["bleu", "nll"]),
  /** Validation pairs that are translated for BLEU, evenly spaced; all unless given. */
  bleuSentences: count.optional(),
  /** Training ends after so many validations without a better one, and not only after its steps. */
  patience: count.optional(),
};

/** Adam; unless there is a `rate`, with the Noam schedule: rate(step) = factor * width^-0.5 * min(step^-0.5, step * warmup^-1.5). */
export const Training = z.strictObject({
  steps: trainingShape.steps.default(25_000),
  batchTokens: trainingShape.batchTokens.default(6144),
  factor: trainingShape.factor.default(2),
  warmup: trainingShape.warmup.default(4000),
  rate: trainingShape.rate,
  cooldown: trainingShape.cooldown,
  beta1: trainingShape.beta1.default(0.9),
  beta2: trainingShape.beta2.default(0.998),
  epsilon: trainingShape.epsilon.default(1e-9),
  labelSmoothing: trainingShape.labelSmoothing.default(0.1),
  clipNorm: trainingShape.clipNorm.default(0),
  validateEvery: trainingShape.validateEvery.default(1000),
  average: trainingShape.average.default(3),
  selection: trainingShape.selection.default("bleu"),
  bleuSentences: trainingShape.bleuSentences,
  patience: trainingShape.patience,
});
export type Training = z.infer<typeof Training>;

/** Why a training cannot have its cooldown; undefined if it can. */
export function cooldownMismatch(
  { steps, cooldown, patience }: Training,
): string | undefined {
  if (cooldown === undefined) return undefined;
  if (cooldown >= steps) {
    return `expected fewer than the training's ${steps} steps, found ${cooldown}`;
  }
  return patience === undefined
    ? undefined
    : 'expected none beside "patience", by which a training may end before its last steps';
}

/** The same, with defaults for an imported model that is tuned: a small rate that stays, and targets as they are. */
export const AdaptationTraining = Training.omit({ factor: true }).extend({
  steps: trainingShape.steps.default(1200),
  batchTokens: trainingShape.batchTokens.default(2000),
  warmup: trainingShape.warmup.default(50),
  rate: z.number().positive().default(1e-4),
  labelSmoothing: trainingShape.labelSmoothing.default(0),
  clipNorm: trainingShape.clipNorm.default(1),
  validateEvery: trainingShape.validateEvery.default(200),
});

/** Any of a training's values, none by default. */
export const TrainingOverride = z.strictObject(trainingShape).partial();
