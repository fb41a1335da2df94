/** The teacher's forward pass as a program whose outputs are its signals. */
import type { Signals } from "../../schemas/experiment/distillation.ts";
import type { Model } from "../../schemas/experiment/model.ts";
import type { Program, Tensor } from "../tensor/program.ts";
import { meanOverHeads } from "../distillation/attention_loss.ts";
import { noDropout } from "../transformer/layers.ts";
import { parameterShapes } from "../transformer/parameters.ts";
import { fromSlot, slots, slotSpecs } from "../training/step_inputs.ts";
import {
  ATTENTIONS,
  FINAL,
  mapName,
  stateName,
  teacherSignals,
} from "./teacher_signals.ts";
import { batchInputs } from "../transformer/batch_inputs.ts";
import { decode, encode } from "../transformer/transformer.ts";

/** The teacher without dropout; what is recorded of a batch leaves by its name, as `batchLayout` says. */
export function statesProgram(
  model: Model,
  vocabulary: number,
  signals: Signals,
): Program {
  const shapes = parameterShapes(model, vocabulary);
  return {
    name: "states",
    inputs: {
      ...batchInputs(model),
      ...slotSpecs(shapes, slots.weight),
    },
    outputTypes: Object.fromEntries(
      teacherSignals(signals, model.width).map((
        { name, dtype },
      ) => [name, dtype]),
    ),
    build: (inputs) => {
      const parameters = fromSlot(shapes, slots.weight, inputs);
      const encoded = encode(model, parameters, inputs, noDropout);
      const decoded = decode(model, parameters, inputs, encoded, noDropout);
      const states = (stack: "encoder" | "decoder", all: readonly Tensor[]) =>
        signals[stack].map((layer) =>
          [stateName(stack, layer), all[layer - 1]] as const
        );
      const maps = ATTENTIONS.flatMap((each) => {
        const all = each.maps(encoded, decoded);
        return signals[`${each.stack}Attention`].flatMap((layer) => {
          // A layer with a recurrent unit has none of its own positions.
          const map = all.at(layer - 1);
          return map === undefined
            ? []
            : [[mapName(each, layer), meanOverHeads(map)] as const];
        });
      });
      return Object.fromEntries([
        ...states("encoder", encoded.layers),
        ...states("decoder", decoded.layers),
        ...maps,
        ...signals.final ? [[FINAL, decoded.output] as const] : [],
      ]);
    },
  };
}
