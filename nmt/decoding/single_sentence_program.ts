/** The beam search of a single sentence as a loop: a decoder step that keeps its KV cache and decides when to stop. */
import type { Model } from "../../schemas/experiment/model.ts";
import type { Loop } from "../tensor/onnx/loop.ts";
import type { HostTensor, Spec, Tensor, Tensors } from "../tensor/program.ts";
import { tf } from "../tensor/tfjs.ts";
import { BOS } from "../../schemas/experiment/vocabulary.ts";
import {
  attendedNames,
  cacheNames,
  cellNames,
  decoderLayers,
  specs,
} from "./decoder_step.ts";
import {
  candidatesIn,
  continuations,
  type Decoder,
  next,
  partsOf,
  positions,
} from "./decoder_parts.ts";
import { MASKED, stackOutput } from "../transformer/layers.ts";
import { candidateSpecs } from "./candidates.ts";
import { weightSpecs } from "./precision.ts";

/**
 * The loop: each repetition is a step as in `stepProgram`, of a batch of one. It returns `tokens`, `scores`, `parents` and
 * `ended` of every step, [steps, 1, beam], from which the host follows the search. It stops when the search is over
 * as far as 32-bit floats can tell.
 *
 * Inputs that stay:
 * - `padding` and the outputs of the encoder, as of every step;
 * - `norms` [longest]: what the score of a hypothesis of so many ids, and its end, is divided by;
 * - `bound` [1]: the last that it can be divided by;
 * - of a short-list, the candidates of `candidateSpecs`.
 *
 * State besides `token`, `position` and `score`, which are those of a step:
 * - `ancestors` [1, 1, beam, steps, beam] and the cache [steps, beam, heads, d / heads], by steps, of which there are none
 *   at first, or the states of recurrent units [beam, d];
 * - `ends` [1]: how many hypotheses have ended; `best` [1]: the best normalised score of these.
 */
export function searchLoop(decoder: Decoder, beam: number): Loop {
  const { model, vocabulary, isShortlisted } = decoder;
  const { heads, width } = model;
  const size = width / heads;
  const isRecurrent = model.autoregression === "ssru";
  const history: Record<string, Spec> = isRecurrent
    ? specs(cellNames(model), [beam, width])
    : {
      ancestors: { shape: [1, 1, beam, "steps", beam], dtype: "float32" },
      ...specs(cacheNames(model), ["steps", beam, heads, size]),
    };
  return {
    name: "search",
    inputs: {
      token: { shape: [beam, 1], dtype: "int32" },
      position: { shape: [1], dtype: "int32" },
      score: { shape: [1, beam], dtype: "float32" },
      ends: { shape: [1], dtype: "float32" },
      best: { shape: [1], dtype: "float32" },
      norms: { shape: ["longest"], dtype: "float32" },
      bound: { shape: [1], dtype: "float32" },
      padding: { shape: [1, 1, 1, "source"], dtype: "float32" },
      ...history,
      ...specs(attendedNames("cross", model), [1, heads, "source", size]),
      ...weightSpecs(decoder),
      ...isShortlisted ? candidateSpecs(decoder, 1) : {},
    },
    successors: isRecurrent ? [] : ["steps"],
    state: stateNames(model),
    returned: ["tokens", "scores", "parents", "ended"],
    build: (inputs, { steps }) => {
      const parts = partsOf(decoder, inputs, 1);
      const outputs: Record<string, Tensor> = {};
      const states: Record<string, Tensor> = {};
      const ancestors = isRecurrent
        ? undefined
        : tf.concat([inputs.ancestors, themselves(beam)], 3);
      const slots = (steps + 1) * beam;
      const x = decoderLayers(
        decoder,
        parts,
        inputs,
        parts.embed(
          "decoder",
          inputs.token,
          tf.gather(positions(model), inputs.position as tf.Tensor1D),
        ),
        ancestors === undefined
          ? {
            state: (name) => inputs[name],
            remember: (name, state) => states[name] = state,
          }
          : {
            hidden: tf.reshape(ancestors, [1, 1, beam, slots]),
            extend: (name, own) => {
              const all = tf.concat([
                inputs[name],
                tf.reshape(own, [1, beam, heads, size]),
              ], 0);
              outputs[next(name)] = all;
              return tf.reshape(all, [slots, 1, heads, size]);
            },
          },
      );
      const logits = parts.generate(stackOutput(model, inputs, "decoder", x));
      const {
        [next("token")]: tokens,
        [next("score")]: scores,
        parent,
        ended,
      } = continuations(
        logits,
        inputs.score,
        vocabulary,
        beam,
        {
          candidates: isShortlisted ? candidatesIn(inputs) : undefined,
        },
      );
      const from = tf.reshape(parent, [beam]) as tf.Tensor1D;
      return {
        ...outputs,
        ...narrowed(inputs, scores, ended),
        tokens,
        scores,
        parents: parent,
        ended,
        [next("token")]: tf.reshape(tokens, [beam, 1]),
        [next("position")]: tf.add(inputs.position, tf.scalar(1, "int32")),
        ...ancestors && {
          [next("ancestors")]: tf.gather(ancestors, from, 2),
        },
        ...Object.fromEntries(
          Object.entries(states).map(([name, state]) => [
            next(name),
            tf.gather(state, from),
          ]),
        ),
      };
    },
  };
}

const stateNames = (model: Model): string[] => [
  ...["token", "position", "score", "ends", "best"],
  ...model.autoregression === "ssru" ? [] : ["ancestors"],
  ...cacheNames(model),
  ...cellNames(model),
];

/** What hides from each hypothesis of a step all of them but itself. */
function themselves(beam: number): Tensor {
  const hidden = Array.from(
    { length: beam * beam },
    (_, i) => i % (beam + 1) === 0 ? 0 : MASKED,
  );
  return tf.tensor(hidden, [1, 1, beam, 1, beam]);
}

/** Which continuations live on and whether the search does, as `searchSentence` decides it. */
function narrowed(
  { position, ends, best, norms, bound }: Tensors,
  scores: Tensor,
  ended: Tensor,
): Record<string, Tensor> {
  const beam = scores.shape[1] ?? 0;
  const ranks = tf.tensor(Array.from({ length: beam }, (_, i) => i), [1, beam]);
  const none = tf.scalar(-Infinity);
  // Of equal ones the first come first, which are the ends.
  const top = tf.topk(tf.concat([ended, scores], 1), beam);
  const isTaken = tf.less(ranks, tf.sub(tf.scalar(beam), ends));
  const isEnd = tf.logicalAnd(
    tf.logicalAnd(isTaken, tf.greater(top.values, none)),
    tf.less(top.indices, tf.scalar(beam, "int32")),
  );
  const nextEnds = tf.add(
    ends,
    tf.reshape(tf.sum(tf.cast(isEnd, "float32")), [1]),
  );
  const greatest = tf.max(tf.where(isEnd, top.values, none));
  const norm = tf.gather(norms, position as tf.Tensor1D);
  const nextBest = tf.maximum(best, tf.div(tf.reshape(greatest, [1]), norm));
  const living = tf.sub(tf.scalar(beam), nextEnds);
  const first = tf.reshape(tf.slice(scores, [0, 0], [1, 1]), [1]);
  return {
    [next("score")]: tf.where(tf.less(ranks, living), scores, none),
    [next("ends")]: nextEnds,
    [next("best")]: nextBest,
    going: tf.logicalAnd(
      tf.greater(living, tf.scalar(0)),
      tf.less(nextBest, tf.div(first, bound)),
    ),
  };
}

/** The state at the start, and the inputs that depend on the longest hypothesis only. */
export function searchInputs(
  model: Model,
  beam: number,
  maximumLength: number,
  lengthPenalty: number,
): Record<string, HostTensor> {
  const norms = Float32Array.from(
    { length: maximumLength + 1 },
    (_, length) => (length + 1) ** lengthPenalty,
  );
  const score = new Float32Array(beam).fill(-Infinity);
  score[0] = 0;
  const empty = new Float32Array(0);
  const cache = [0, beam, model.heads, model.width / model.heads];
  return {
    token: { shape: [beam, 1], data: new Int32Array(beam).fill(BOS) },
    position: { shape: [1], data: Int32Array.of(0) },
    score: { shape: [1, beam], data: score },
    ...model.autoregression === "ssru"
      ? {}
      : { ancestors: { shape: [1, 1, beam, 0, beam], data: empty } },
    ends: { shape: [1], data: Float32Array.of(0) },
    best: { shape: [1], data: Float32Array.of(-Infinity) },
    norms: { shape: [norms.length], data: norms },
    bound: { shape: [1], data: norms.slice(-1) },
    ...Object.fromEntries(
      cacheNames(model).map((name) => [name, { shape: cache, data: empty }]),
    ),
    ...Object.fromEntries(
      cellNames(model).map((name) => [name, {
        shape: [beam, model.width],
        data: new Float32Array(beam * model.width),
      }]),
    ),
  };
}
