/** Translates batches of sentences with an exported graph, which searches by itself. */
import type { Translator } from "../../nmt/decoding/beam_search.ts";
import { searchOptions, sourceOf } from "../../nmt/export/translator.ts";
import { openOnnxFile } from "../../nmt/tensor/onnx/onnx_file.ts";

/**
 * The translator of a file `translate.onnx`; sentences of like length share a batch of at most `maximumRows`. Scores are left
 * out of its hypotheses: only ids are compared.
 */
export async function openExported(
  path: string,
  { threads, maximumRows }: {
    readonly threads: number;
    readonly maximumRows: number;
  },
): Promise<Translator> {
  const { run, dispose } = await openOnnxFile(path, { threads });
  return {
    translate: async (sentences, { beam, maximumLength }) => {
      const ids: Int32Array[] = [];
      const order = sentences.map((_, i) => i)
        .sort((a, b) => sentences[a].length - sentences[b].length);
      for (let from = 0; from < order.length; from += maximumRows) {
        const batch = order.slice(from, from + maximumRows);
        const { translation } = await run({
          source: sourceOf(batch.map((i) => sentences[i])),
          ...searchOptions(beam, maximumLength),
        });
        const [, longest] = translation.shape;
        batch.forEach((sentence, row) => {
          const values = translation.data
            .slice(row * longest, (row + 1) * longest);
          // Padding has id 0.
          ids[sentence] = Int32Array.from(values, Number).filter((id) =>
            id !== 0
          );
        });
      }
      return ids.map((ids) => ({ ids, score: NaN, normalised: NaN }));
    },
    dispose,
  };
}
