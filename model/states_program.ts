/** The teacher's forward pass as a program whose outputs are the states to record. */
import type { Model } from "../schemas/model.ts";
import type { Program } from "../tensor/program.ts";
import { tf } from "../tensor/tfjs.ts";
import { noDropout } from "./layers.ts";
import { parameterShapes } from "./parameters.ts";
import { batchInputs, fromSlot, slots, weightInputs } from "./inputs.ts";
import { decode, encode } from "./transformer.ts";

/** Which of the teacher's layers are recorded, counted from 1; its final decoder state always is. */
export interface RecordedLayers {
  readonly encoder: readonly number[];
  readonly decoder: readonly number[];
}

/** Name of the final decoder state among what is recorded. */
export const FINAL = "final";

/**
 * The teacher without dropout: layers leave as float16, since they are only compared after normalisation; the final
 * state leaves as float32, so that the soft targets are exactly the teacher's.
 */
export function statesProgram(
  model: Model,
  vocabulary: number,
  layers: RecordedLayers,
): Program {
  const shapes = parameterShapes(model, vocabulary);
  const named = (side: "encoder" | "decoder") =>
    layers[side].map((layer) => `${side}.${layer}`);
  return {
    name: "states",
    inputs: {
      source: batchInputs.source,
      target: batchInputs.target,
      ...weightInputs(shapes, slots.weight),
    },
    outputTypes: Object.fromEntries(
      [...named("encoder"), ...named("decoder")].map((
        name,
      ) => [name, "float16"]),
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
      const apart = (x: typeof encoded.output) =>
        tf.reshape(x, [batch, (x.shape[0] ?? 0) / batch, model.width]);
      return {
        ...Object.fromEntries(
          layers.encoder.map((
            layer,
          ) => [`encoder.${layer}`, apart(encoded.layers[layer - 1])]),
        ),
        ...Object.fromEntries(
          layers.decoder.map((
            layer,
          ) => [`decoder.${layer}`, apart(decoded.layers[layer - 1])]),
        ),
        [FINAL]: apart(decoded.output),
      };
    },
  };
}
