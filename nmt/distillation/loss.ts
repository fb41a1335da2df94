/** The loss of a distillation: L = alpha L_KD + (1 - alpha - beta) L_NLL + beta (L_enc + L_dec + L_att). */
import type { Distillation } from "../../schemas/experiment/distillation.ts";
import type { Model } from "../../schemas/experiment/model.ts";
import { PAD } from "../../schemas/experiment/vocabulary.ts";
import type { Spec, Tensor, Tensors } from "../tensor/program.ts";
import { tf } from "../tensor/tfjs.ts";
import { attentionLoss, meanOverHeads } from "./attention_loss.ts";
import { layerLoss, projectionShapes } from "./layer_loss.ts";
import { product } from "../transformer/layers.ts";
import type { Arrangement } from "../transformer/arrangement.ts";
import { withOne } from "../transformer/transformer.ts";
import { outputLoss, positionWeights } from "./output_loss.ts";
import {
  ATTENTIONS,
  FINAL,
  mapName,
  signalInput,
  signalSpec,
  signalsRead,
  stateName,
} from "../states/teacher_signals.ts";
import type { Forward, Objective } from "../training/training_step.ts";
import {
  added,
  L_KD,
  L_NLL,
  plus,
  type Sum,
  term,
  times,
} from "./weighted_sum.ts";

/** A teacher and how a student is distilled from it. */
export interface Teacher {
  readonly model: Model;
  readonly vocabulary: number;
  readonly distillation: Distillation;
}

/**
 * What a student of `width` features minimises (Wu et al. 2020, section 2), with L_att as in `attention_loss.ts`. All
 * terms are means over non-padding positions. Over layers they are sums, or means where `layerLoss` says so.
 */
export function distillationObjective(
  width: number,
  teacher: Teacher,
): Objective {
  const { distillation, model } = teacher;
  const { alpha, beta, temperature } = distillation;
  const widths = { student: width, teacher: model.width };
  return {
    shapes: beta === 0 ? {} : projectionShapes(distillation, widths),
    inputs: teacherInputs(teacher),
    losses: (forward, parameters, inputs) => {
      const { labels, smoothing, weights, logits } = forward;
      const { L_enc, L_dec } = layerTerms(
        distillation,
        forward,
        parameters,
        inputs,
      );
      const L_att = attentionTerm(distillation, forward, inputs);

      const L = plus(
        times(alpha, L_KD),
        times(1 - (alpha + beta), L_NLL),
        times(beta, plus(L_enc, L_dec, L_att)),
      );

      const output = L.L_NLL + L.L_KD === 0 ? undefined : outputLoss(logits, {
        weights,
        L_NLL: L.L_NLL === 0
          ? undefined
          : { labels, smoothing, weight: L.L_NLL },
        L_KD: L.L_KD === 0 ? undefined : {
          logits: teacherLogits(model, inputs),
          temperature,
          weight: L.L_KD,
        },
      });
      const others = L.others?.();
      return {
        loss: added([
          ...output ? [output.loss] : [],
          ...others ? [others] : [],
        ]),
        softTargets: output?.L_KD,
        ...beta === 0 ? {} : {
          layers: plus(L_enc, L_dec).others?.(),
          attention: L_att.others?.(),
        },
      };
    },
  };
}

/** L_enc and L_dec: the layers of each stack that has a layer map. */
function layerTerms(
  distillation: Distillation,
  { encoded, decoded, weights }: Forward,
  parameters: Tensors,
  inputs: Tensors,
): Readonly<Record<"L_enc" | "L_dec", Sum>> {
  const mapped = distillation.encoder.length + distillation.decoder.length;
  const layersOf = (
    stack: "encoder" | "decoder",
    h_S: readonly Tensor[],
    weights: () => Tensor,
  ) =>
    times(
      perLayer(distillation, mapped),
      term(
        distillation[stack].length === 0 ? [] : [stack],
        () =>
          layerLoss(parameters, {
            stack,
            M: distillation[stack],
            h_S,
            h_T: (i) => inputs[signalInput(stateName(stack, i))],
            weights: weights(),
          }, distillation),
      ),
    );
  return {
    L_enc: layersOf(
      "encoder",
      encoded.layers,
      () => positionWeights(inputs.source, PAD),
    ),
    L_dec: layersOf("decoder", decoded.layers, () => weights),
  };
}

/** The weight of each of `count` layers: 1, or its share of their mean. */
const perLayer = ({ layerLoss }: Distillation, count: number) =>
  layerLoss === "mean" && count > 0 ? 1 / count : 1;

/** L_att: every layer that has a teacher's map to match, its self-attention and, in the decoder, its cross-attention. */
function attentionTerm(
  distillation: Distillation,
  { encoded, decoded, weights }: Forward,
  inputs: Tensors,
): Sum {
  const matched = ATTENTIONS.flatMap((kind) =>
    distillation.attention[kind.stack]
      .map((layer, j) => ({ kind, layer, j }))
  );
  const L_att = term(matched, ({ kind, layer, j }) => {
    const student = kind.maps(encoded, decoded)[j];
    const [rows, { arrangement }] = kind.rows === "source"
      ? [positionWeights(inputs.source, PAD), encoded]
      : [weights, decoded];
    return attentionLoss({
      student,
      teacher: inputs[signalInput(mapName(kind, layer))],
      weights: ofQueries(rows, arrangement, student.shape[1] ?? 1),
    });
  });
  return times(perLayer(distillation, matched.length), L_att);
}

/** Weights of rows, [rows], as those of the queries of attention maps, [batch, queries, 1]. */
function ofQueries(
  weights: Tensor,
  arrangement: Arrangement,
  heads: number,
): Tensor {
  const columns = tf.tile(tf.reshape(weights, [-1, 1]), [1, heads]);
  const [ofHeads] = arrangement.split(columns, 1);
  return meanOverHeads(ofHeads);
}

/** The recorded signals of a batch, and the teacher's output matrix, with which its logits are computed again. */
function teacherInputs(
  { model, vocabulary, distillation }: Teacher,
): Record<string, Spec> {
  const inputs: Record<string, Spec> = Object.fromEntries(
    signalsRead(distillation, model.width)
      .map((signal) => [signalInput(signal.name), signalSpec(signal)]),
  );
  if (distillation.alpha > 0) {
    inputs[TEACHER_EMBEDDING] = {
      shape: [vocabulary, model.width + (model.outputBias ? 1 : 0)],
      dtype: "float32",
    };
  }
  return inputs;
}

/** The input of a step that takes the teacher's output matrix [V, d], with the bias of its logits, if any, as a last column. */
export const TEACHER_EMBEDDING = "teacher embedding";

/** The teacher's logits [target rows, V] from its final state and its output matrix. */
function teacherLogits({ outputBias }: Model, inputs: Tensors): Tensor {
  const x = inputs[signalInput(FINAL)];
  return product(
    outputBias ? withOne(x) : x,
    inputs[TEACHER_EMBEDDING],
    false,
    true,
  );
}
