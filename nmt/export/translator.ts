/** Translates with an exported graph, one sentence a run. */
import type {
  Hypothesis,
  TranslateOptions,
  Translator,
} from "../decoding/beam_search.ts";
import { EOS, PAD } from "../../schemas/experiment/vocabulary.ts";
import {
  type FileTensor,
  type OnnxFile,
  openOnnxFile,
} from "../tensor/onnx/onnx_file.ts";

const INPUTS = ["source", "beam", "maximum_length", "count"];
const OUTPUTS = [
  ...["translation", "score", "attention", "alternatives", "scores"],
];

/** Opens a file `translate.onnx`. @throws an error where it has other inputs or outputs */
export async function openGraph(
  path: string,
  options: { readonly threads?: number } = {},
): Promise<OnnxFile> {
  const file = await openOnnxFile(path, options);
  const expected = bordersText({ inputs: INPUTS, outputs: OUTPUTS });
  const found = bordersText(file);
  if (found === expected) return file;
  await file.dispose();
  throw new Error(`expected ${expected}, found ${found}`);
}

function bordersText(
  { inputs, outputs }: Pick<OnnxFile, "inputs" | "outputs">,
): string {
  const listed = (names: readonly string[]) => names.toSorted().join(", ");
  return `the inputs ${listed(inputs)} and the outputs ${listed(outputs)}`;
}

/**
 * The translator of a file `translate.onnx`, in place of the model's own. The exponent of the length is in the file, and
 * that of the options has to be the same.
 */
export async function openTranslation(
  path: string,
  options: { readonly threads?: number } = {},
): Promise<Translator> {
  const file = await openGraph(path, options);
  return {
    translate: async (sentences, options) => {
      const found: Hypothesis[] = [];
      for (const sentence of sentences) {
        found.push(
          ...sentence.length === 0
            ? [{ ids: sentence, score: 0, normalised: 0 }]
            : await translateBatch(file, [sentence], options),
        );
        options.report?.(found.length);
      }
      return found;
    },
    dispose: () => file.dispose(),
  };
}

/** Translates sentences in one run of such a file that is open, in whichever runtime. */
export async function translateBatch(
  { run }: Pick<OnnxFile, "run">,
  sentences: readonly Int32Array[],
  { beam, lengthPenalty, maximumLength = 0, count = 1 }: TranslateOptions,
): Promise<Hypothesis[]> {
  const { alternatives, scores } = await run({
    source: sourceOf(sentences),
    ...searchOptions(beam, maximumLength, count),
  });
  const [, rows, longest] = alternatives.shape;
  const hypothesis = (row: number): Hypothesis => {
    const ids = Int32Array.from(
      alternatives.data.slice(row * longest, (row + 1) * longest),
      Number,
    ).filter((id) => id !== PAD);
    const score = Number(scores.data[row]);
    return {
      ids,
      score,
      normalised: score / (ids.length + 1) ** lengthPenalty,
    };
  };
  return sentences.map((_, sentence) => {
    const all = Array.from(
      { length: rows },
      (_, rank) => hypothesis(sentence * rows + rank),
    ).filter(({ score }, rank) => rank === 0 || Number.isFinite(score));
    return count === 1 ? all[0] : { ...all[0], alternatives: all };
  });
}

/** Sentences of ids as the input `source`: each with its end, then padding. */
export function sourceOf(sentences: readonly Int32Array[]): FileTensor {
  const width = Math.max(...sentences.map(({ length }) => length)) + 1;
  const data = new BigInt64Array(sentences.length * width);
  sentences.forEach((ids, row) => {
    [...ids, EOS].forEach((id, i) => data[row * width + i] = BigInt(id));
  });
  return { shape: [sentences.length, width], data };
}

/** The inputs of a translation beside its source. */
export function searchOptions(
  beam: number,
  maximumLength = 0,
  count = 1,
): Record<"beam" | "maximum_length" | "count", FileTensor> {
  const one = (value: number) => ({
    shape: [1],
    data: BigInt64Array.of(BigInt(value)),
  });
  return {
    beam: one(beam),
    maximum_length: one(maximumLength),
    count: one(count),
  };
}
