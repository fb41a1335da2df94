/** The teacher's forward pass as a program whose outputs are its signals. */
import type { RecordedLayers } from "../../schemas/experiment/distillation.ts";
import type { Model } from "../../schemas/experiment/model.ts";
import type { Program, Tensor } from "../tensor/program.ts";
import { tf } from "../tensor/tfjs.ts";
import { meanOverHeads } from "../distillation/attention_loss.ts";
import { noDropout } from "../transformer/layers.ts";
import { parameterShapes } from "../transformer/parameters.ts";
import {
  batchInputs,
  fromSlot,
  slots,
  slotSpecs,
} from "../training/step_inputs.ts";
import {
  ATTENTIONS,
  FINAL,
  mapName,
  stateName,
  teacherSignals,
} from "./teacher_signals.ts";
import { decode, encode } from "../transformer/transformer.ts";

/** The teacher without dropout; what is recorded of a batch leaves by its name, padded. */
export function statesProgram(
  model: Model,
  vocabulary: number,
  layers: RecordedLayers,
): Program {
  const shapes = parameterShapes(model, vocabulary);
  return {
    name: "states",
    inputs: {
      source: batchInputs.source,
      target: batchInputs.target,
      ...slotSpecs(shapes, slots.weight),
    },
    outputTypes: Object.fromEntries(
      teacherSignals(layers, model.width).map((
        { name, dtype },
      ) => [name, dtype]),
    ),
    build: (inputs, { batch }) => {
      const parameters = fromSlot(shapes, slots.weight, inputs);
      const encoded = encode(model, parameters, inputs.source, noDropout);
      const decoded = decode(
        model,
        parameters,
        inputs.target,
        encoded,
        noDropout,
      );
      const perSentence = (x: Tensor) =>
        tf.reshape(x, [batch, (x.shape[0] ?? 0) / batch, model.width]);
      const states = (stack: "encoder" | "decoder", all: readonly Tensor[]) =>
        layers[stack].map((layer) =>
          [stateName(stack, layer), perSentence(all[layer - 1])] as const
        );
      const maps = ATTENTIONS.flatMap((each) =>
        (layers.attention?.[each.stack] ?? []).flatMap((layer) => {
          // A layer with a recurrent unit has none of its own positions.
          const map = each.maps(encoded, decoded).at(layer - 1);
          return map === undefined
            ? []
            : [[mapName(each, layer), meanOverHeads(map)] as const];
        })
      );
      return Object.fromEntries([
        ...states("encoder", encoded.layers),
        ...states("decoder", decoded.layers),
        ...maps,
        [FINAL, perSentence(decoded.output)] as const,
      ]);
    },
  };
}
