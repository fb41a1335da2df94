/** Flags, prepared batches and the printed JSON line of measuring processes. */
import { parseArgs } from "@std/cli/parse-args";
import { loadModel, type SavedModel } from "../nmt/transformer/checkpoint.ts";
import { Model, Training } from "../schemas/experiment/model.ts";
import { readSafetensors } from "../nmt/tensor/safetensors.ts";
import { inputError, parse } from "../base/input_error.ts";
import type { Runtime } from "../nmt/tensor/program.ts";
import { probe } from "../nmt/tensor/probe.ts";
import { loadRuntime } from "../nmt/tensor/runtime.ts";
import { Runtime as Choice } from "../schemas/experiment/runtime.ts";
import { readTokens } from "../nmt/text/subwords/tokens.ts";
import { type Ordered, touched } from "./measures/pairs.ts";
import type { Report } from "./measures/report.ts";

/** The numbers of these names among the arguments, by default as given; `threads` beside them. */
export function numbers<Names extends string>(
  defaults: Readonly<Record<Names, number>>,
): Record<Names | "threads", number> {
  const given = parseArgs(Deno.args);
  const all: Record<string, number> = { threads: 2, ...defaults };
  return Object.fromEntries(
    Object.entries(all).map(([name, otherwise]) => {
      const value = Number(given[name] ?? otherwise);
      if (Number.isFinite(value)) return [name, value];
      throw inputError(
        `Cannot use --${name}: expected a number, found "${given[name]}".`,
      );
    }),
  ) as Record<Names | "threads", number>;
}

/** The path of a file in the folder of `--prepared`, which bench/text/prepared.ts filled. */
export function preparedFile(name: string): string {
  const { prepared } = parseArgs(Deno.args, { string: ["prepared"] });
  if (prepared === undefined || prepared === "") {
    throw inputError(
      "Cannot measure on real text: expected its folder as --prepared.",
    );
  }
  return `${prepared}/${name}`;
}

/** The peer's script that is to be timed in place of ours, and its Python, where the arguments name them. */
export function peerScript(): { python: string; script: string } | undefined {
  const { python, script } = parseArgs(Deno.args, {
    string: ["python", "script"],
  });
  if (typeof python !== "string" || typeof script !== "string") return;
  return { python, script };
}

/** Sizes of the 12-layer teacher, where the arguments say nothing else. */
export const TEACHER = {
  width: 256,
  "feed-forward": 1024,
  heads: 8,
  layers: 6,
  vocabulary: 8000,
  dropout: 0.1,
} as const;

/** Sizes of the batch without padding. */
export const SYNTHETIC = { rows: 32, length: 32 } as const;

/** The model of a training row, from the numbers `width`, `feed-forward`, `heads`, `layers` and `dropout`. */
export function modelOf(
  given: Readonly<
    Record<"width" | "feed-forward" | "heads" | "layers" | "dropout", number>
  >,
): Model {
  return Model.parse({
    encoderLayers: given.layers,
    decoderLayers: given.layers,
    width: given.width,
    feedForward: given["feed-forward"],
    heads: given.heads,
    dropout: given.dropout,
  });
}

/** Adam as the peers are configured too. */
export const training = Training.parse({});

/** The prepared pairs and the first `count` batches; with `onlyTouched`, without the pairs that those do not touch. */
export function preparedText(count: number, onlyTouched = false): Ordered {
  const tokens = readTokens(preparedFile("tokens.safetensors"));
  const path = preparedFile("batches.safetensors");
  const { tensors } = readSafetensors(path, "the batches");
  const order = Array.from({ length: count }, (_, i) => {
    const pairs = tensors[`${i}.pairs`]?.data;
    if (pairs instanceof Int32Array) return pairs;
    throw inputError(
      `Cannot measure ${count} batches: "${path}" has ${i}; ask for fewer --steps.`,
    );
  });
  return onlyTouched ? touched({ tokens, order }) : { tokens, order };
}

export const preparedTeacher = (): SavedModel =>
  loadModel(preparedFile("teacher.safetensors"), "the prepared teacher");

/** Prints what was measured, or why it could not be. */
export async function report(
  figures: Readonly<Record<string, number>>,
  threads: number,
  version: string,
  missing?: string,
): Promise<void> {
  const status = await Deno.readTextFile("/proc/self/status");
  const line: Report = {
    figures,
    peak_mb: Math.round(
      Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024,
    ),
    version,
    threads,
    missing,
  };
  console.log(JSON.stringify(line));
}

/** The runtime of `--runtime` and `--products`; where it is not on this machine, that is reported, and the process ends. */
export async function chosenRuntime(): Promise<Runtime> {
  const { runtime: name, products: precision } = parseArgs(Deno.args, {
    string: ["runtime", "products"],
  });
  const choice = parse(Choice, { name, precision }, "--runtime or --products");
  const missing = name === undefined ? undefined : await probe(choice);
  if (missing !== undefined) {
    await report({}, 0, "", missing);
    Deno.exit(0);
  }
  return loadRuntime(choice);
}

export const versionOf = (
  { identity: { name, version, precision } }: Runtime,
): string =>
  `${name === "onnx" ? "onnxruntime-node" : name} ${version}${
    precision === "float32" ? "" : `, ${precision}`
  }`;
