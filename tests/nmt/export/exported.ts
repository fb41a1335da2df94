/** Models as exported graphs, opened for a test. */
import { join } from "@std/path";
import { exportedGraphs, GRAPHS } from "../../../nmt/export/graphs.ts";
import { openTranslation } from "../../../nmt/export/translator.ts";
import type { Shortlist } from "../../../nmt/shortlist/shortlist.ts";
import type { SavedModel } from "../../../nmt/transformer/checkpoint.ts";
import type { Precision } from "../../../nmt/decoding/precision.ts";
import type { Translator } from "../../../nmt/decoding/beam_search.ts";
import {
  type OnnxFile,
  openOnnxFile,
} from "../../../nmt/tensor/onnx/onnx_file.ts";

export interface Exported {
  readonly translate: OnnxFile;
  readonly encoder: OnnxFile;
  readonly decoder: OnnxFile;
  readonly translator: Translator;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Exports a model to a temporary folder and opens its graphs. */
export async function exported(
  saved: SavedModel,
  precision: Precision = "float32",
  lengthPenalty = 1,
  shortlist?: Shortlist,
): Promise<Exported> {
  const folder = await Deno.makeTempDir({ prefix: "export-" });
  const graphs = exportedGraphs(saved, precision, lengthPenalty, shortlist);
  const path = (name: string) => join(folder, `${name}.onnx`);
  for (const name of GRAPHS) await Deno.writeFile(path(name), graphs[name]);
  const open = (name: string) => openOnnxFile(path(name), { threads: 1 });
  const [translate, encoder, decoder, translator] = await Promise.all(
    [
      ...GRAPHS.map(open),
      openTranslation(path("translate"), { threads: 1 }),
    ] as const,
  ) as [OnnxFile, OnnxFile, OnnxFile, Translator];
  return {
    translate,
    encoder,
    decoder,
    translator,
    [Symbol.asyncDispose]: async () => {
      for (const one of [translate, encoder, decoder, translator]) {
        await one.dispose();
      }
      await Deno.remove(folder, { recursive: true });
    },
  };
}
