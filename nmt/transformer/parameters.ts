/** The parameters of a Transformer by name: shapes, initial values, count. */
import type { Model } from "../../schemas/experiment/model.ts";
import { random, type Role, useOf } from "../random.ts";

export type Shapes = Readonly<Record<string, readonly number[]>>;
export type Weights = Readonly<Record<string, Float32Array<ArrayBuffer>>>;

/** The logit bias of an id that must not be predicted: its probability is 0 in 32-bit floats, and 16-bit floats have it. */
export const FORBIDDEN = -1e4;

/** Names of the embedding matrices [vocabulary, d] of source, target and output, of which some may be one. */
export function embeddingNames(
  { tiedEmbeddings: tied }: Pick<Model, "tiedEmbeddings">,
): Readonly<Record<"encoder" | "decoder" | "output", string>> {
  const isInputTied = tied === "all" || tied === "input";
  const encoder = isInputTied ? "embedding" : "encoder.embedding";
  const decoder = isInputTied ? "embedding" : "decoder.embedding";
  const isOutputTied = tied === "all" || tied === "output";
  return {
    encoder,
    decoder,
    output: isOutputTied ? decoder : "output.embedding",
  };
}

/** Names of the linear maps of a feed-forward block. */
export function feedForwardMaps(
  { feedForwardDepth: depth }: Pick<Model, "feedForwardDepth">,
): string[] {
  const inner = Array.from(
    { length: depth - 1 },
    (_, i) => i === 0 ? "inner" : `inner${i + 1}`,
  );
  return [...inner, "outer"];
}

/**
 * Shapes of all parameters. Linear maps are [in, out]; query, key and value of a self-attention are one map side by
 * side, as are key and value of a cross-attention, and input and forget gate of a recurrent unit, since they read the same
 * input.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { StudentModel } from "../../schemas/experiment/model.ts";
 * import { parameterCount, parameterShapes } from "./parameters.ts";
 *
 * const shapes = parameterShapes(StudentModel.parse({}), 15_000);
 * assertEquals(shapes.embedding, [15_000, 512]);
 * assertEquals(parameterCount(shapes), 22_394_880);
 * ```
 */
export function parameterShapes(model: Model, vocabulary: number): Shapes {
  const { width, feedForward } = model;
  const shapes: Record<string, readonly number[]> = Object.fromEntries(
    Object.values(embeddingNames(model)).map((
      name,
    ) => [name, [vocabulary, width]]),
  );
  if (model.outputBias) shapes["output.bias"] = [vocabulary];
  const linear = (name: string, from: number, to: number) => {
    shapes[`${name}.weight`] = [from, to];
    shapes[`${name}.bias`] = [to];
  };
  const norm = (name: string) => {
    shapes[`${name}.norm.gain`] = [width];
    shapes[`${name}.norm.bias`] = [width];
  };
  const selfAttention = (name: string) => {
    norm(name);
    linear(`${name}.queryKeyValue`, width, 3 * width);
    linear(`${name}.output`, width, width);
  };
  const crossAttention = (name: string) => {
    norm(name);
    linear(`${name}.query`, width, width);
    linear(`${name}.keyValue`, width, 2 * width);
    linear(`${name}.output`, width, width);
  };
  const block = (name: string) => {
    norm(name);
    feedForwardMaps(model).forEach((map, i, maps) =>
      linear(
        `${name}.${map}`,
        i === 0 ? width : feedForward,
        i === maps.length - 1 ? width : feedForward,
      )
    );
  };
  const cell = (name: string) => {
    norm(name);
    linear(`${name}.inputForget`, width, 2 * width);
  };
  const finalNorm = (stack: string) => {
    if (model.norm === "pre") norm(stack);
  };
  for (let layer = 0; layer < model.encoderLayers; layer++) {
    selfAttention(`encoder.${layer}.self`);
    block(`encoder.${layer}.feedForward`);
  }
  finalNorm("encoder");
  for (let layer = 0; layer < model.decoderLayers; layer++) {
    if (model.autoregression === "ssru") cell(`decoder.${layer}.cell`);
    else selfAttention(`decoder.${layer}.self`);
    crossAttention(`decoder.${layer}.cross`);
    block(`decoder.${layer}.feedForward`);
  }
  finalNorm("decoder");
  return shapes;
}

/**
 * Initial values: Glorot uniform for linear maps (of each of the maps that are side by side), N(0, 1/width) for the
 * embedding, gain 1, bias 0. Each tensor has a random stream of its own, so that a tensor's values do not depend on
 * which others there are; those of a student and its teacher differ.
 */
export function initialWeights(
  shapes: Shapes,
  seed: number,
  role: Role = "teacher",
): Record<string, Float32Array<ArrayBuffer>> {
  const weights: Record<string, Float32Array<ArrayBuffer>> = {};
  for (const [name, shape] of Object.entries(shapes)) {
    const values = new Float32Array(
      shape.reduce((product, size) => product * size, 1),
    );
    const next = random(useOf(role, `weights ${name}`), seed);
    if (name.endsWith("embedding")) {
      const deviation = shape[1] ** -0.5;
      for (let i = 0; i < values.length; i++) {
        values[i] = deviation * Math.sqrt(-2 * Math.log(1 - next())) *
          Math.cos(2 * Math.PI * next());
      }
    } else if (name.endsWith(".weight")) {
      const sideBySide = name.endsWith("queryKeyValue.weight")
        ? 3
        : /(keyValue|inputForget)\.weight$/.test(name)
        ? 2
        : 1;
      const limit = Math.sqrt(6 / (shape[0] + shape[1] / sideBySide));
      for (let i = 0; i < values.length; i++) {
        values[i] = limit * (2 * next() - 1);
      }
    } else if (name.endsWith(".gain")) {
      values.fill(1);
    }
    weights[name] = values;
  }
  return weights;
}

/** A model and how many subwords it has. */
export interface SizedModel {
  readonly model: Model;
  readonly vocabulary: number;
}

/** Number of parameters of a model, embedding included. */
export function parametersOf({ model, vocabulary }: SizedModel): number {
  return parameterCount(parameterShapes(model, vocabulary));
}

/** Number of parameters of some shapes. */
export function parameterCount(shapes: Shapes): number {
  return Object.values(shapes).reduce(
    (sum, shape) => sum + shape.reduce((product, size) => product * size, 1),
    0,
  );
}
