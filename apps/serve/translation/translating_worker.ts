/** The worker that translates sentences of token ids with an exported graph. */
/// <reference lib="deno.worker" />
import {
  openGraph,
  searchOptions,
  sourceOf,
} from "../../../nmt/export/translator.ts";
import { PAD } from "../../../schemas/experiment/vocabulary.ts";
import type { OnnxFile } from "../../../nmt/tensor/onnx/onnx_file.ts";
import type { Answer, Found, Question } from "./translators.ts";

let file: OnnxFile | undefined;

self.onmessage = async ({ data }: MessageEvent<Question>) => {
  self.postMessage(await answer(data));
};

async function answer(question: Question): Promise<Answer> {
  try {
    if ("path" in question) {
      // A core a worker: the threads of several would be in each other's way.
      file = await openGraph(question.path, { threads: 1 });
      return [];
    }
    if (file === undefined) throw new Error("no graph was opened");
    return await search(file, question);
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

async function search(
  { run }: OnnxFile,
  { source, beam, count }: Extract<Question, { source: Int32Array }>,
): Promise<Found[]> {
  const { alternatives, scores } = await run({
    source: sourceOf([source]),
    ...searchOptions(beam, 0, count),
  });
  const [, rows, width] = alternatives.shape;
  const ids = Int32Array.from(alternatives.data, Number);
  return Array.from({ length: rows }, (_, row) => ({
    ids: ids.slice(row * width, (row + 1) * width).filter((id) => id !== PAD),
    score: Number(scores.data[row]),
  })).filter(({ score }) => Number.isFinite(score));
}
