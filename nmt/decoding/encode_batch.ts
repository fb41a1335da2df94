/** Encodes the sentences of a batch, some at a time: few enough that what is computed of them stays in a CPU's caches. */
import type { Model } from "../../schemas/experiment/model.ts";
import type { Executable, HostTensors, Runtime } from "../tensor/program.ts";
import { longestOf, sourceTensors } from "./beams.ts";
import { attendedNames } from "./decoder_step.ts";

/** Source positions that a CPU encodes at once: however many threads it has, 8-bit products have the same ranges. */
const POSITIONS = 256;

/** Most source positions to encode at once on a runtime; a GPU takes all. */
export const positionsAtOnce = (
  { identity: { provider } }: Pick<Runtime, "identity">,
): number => provider === "cpu" ? POSITIONS : Infinity;

/** The padding and the encoder's outputs of sentences, from runs of `most` source positions or of one sentence. */
export async function encodeBatch(
  encoder: Executable,
  model: Model,
  sources: readonly Int32Array[],
  most: number,
): Promise<HostTensors> {
  const { width, heads } = model;
  const time = longestOf(sources);
  const outputs = attendedNames("cross", model).map((name) => ({
    name,
    data: new Float32Array(sources.length * time * width),
  }));
  /** What the sentences from `start` up to `end` have of these. */
  const part = (start: number, end: number): HostTensors =>
    Object.fromEntries(outputs.map(({ name, data }) => [name, {
      shape: [end - start, heads, time, width / heads],
      data: data.subarray(start * time * width, end * time * width),
    }]));
  const { length } = sources;
  const sentences = Math.max(1, Math.floor(most / time));
  for (let start = 0; start < length; start += sentences) {
    const end = Math.min(start + sentences, length);
    const inputs = sourceTensors(sources.slice(start, end), time);
    await encoder.run(inputs, part(start, end));
  }
  const { padding } = sourceTensors(sources, time);
  return { padding, ...part(0, length) };
}
