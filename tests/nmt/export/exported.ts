/** Models as exported graphs, opened for a test. */
import { join } from "@std/path";
import { InferenceSession } from "onnxruntime-node";
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
  readonly translator: Translator;
  /** A session with the graph of a name. */
  open(
    name: "encoder_model" | "decoder_model_merged",
  ): Promise<InferenceSession>;
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
  const translate = await openOnnxFile(path("translate"), { threads: 1 });
  const translator = await openTranslation(path("translate"), { threads: 1 });
  const sessions: InferenceSession[] = [];
  return {
    translate,
    translator,
    open: async (name) => {
      const session = await InferenceSession.create(path(name), {
        intraOpNumThreads: 1,
      });
      sessions.push(session);
      return session;
    },
    [Symbol.asyncDispose]: async () => {
      await translate.dispose();
      await translator.dispose();
      for (const session of sessions) await session.release();
      await Deno.remove(folder, { recursive: true });
    },
  };
}
