/** Writes the folder of an exported model: graphs in each precision, tokenizer, configs, model card. */
import { createHash } from "node:crypto";
import { dirname, join } from "@std/path";
import { MAXIMUM_LENGTH } from "../decoding/beam_search.ts";
import type { SavedModel } from "../transformer/checkpoint.ts";
import { parametersOf } from "../transformer/parameters.ts";
import { BOS, EOS, PAD } from "../../schemas/experiment/vocabulary.ts";
import {
  EXPORT_PRECISIONS,
  EXPORT_SCHEMA,
  type ExportConfig,
  type ExportPrecision,
} from "../../schemas/exported_model.ts";
import type { CitedDataSet } from "../text/descriptors/citations.ts";
import { longestList, type Shortlist } from "../shortlist/shortlist.ts";
import {
  generationConfig,
  huggingFaceConfig,
  sharedTokenizer,
} from "./hugging_face.ts";
import { card } from "./model_card.ts";
import { exportedGraphs, graphPath, GRAPHS } from "./graphs.ts";

const PRECISION = { fp32: "float32", int8: "int8" } as const;

/** Path of the graph that translates. */
export function translationPath(
  folder: string,
  precision: ExportPrecision,
): string {
  return join(folder, graphPath("translate", precision));
}

/** Writes the graphs of a model, the short-list in those that translate; returns sizes and hashes of these. */
export async function writeGraphs(
  folder: string,
  saved: SavedModel,
  lengthPenalty: number,
  shortlist?: Shortlist,
): Promise<Translating> {
  const bytes = { fp32: 0, int8: 0 }, sha256 = { fp32: "", int8: "" };
  for (const precision of EXPORT_PRECISIONS) {
    const graphs = exportedGraphs(
      saved,
      PRECISION[precision],
      lengthPenalty,
      shortlist,
    );
    for (const name of GRAPHS) {
      const path = join(folder, graphPath(name, precision));
      await Deno.mkdir(dirname(path), { recursive: true });
      await Deno.writeFile(path, graphs[name]);
    }
    bytes[precision] = graphs.translate.length;
    sha256[precision] = createHash("sha256").update(graphs.translate)
      .digest("hex");
  }
  return { bytes, sha256 };
}

/** Size and hash of each graph that translates. */
type Translating = Required<Pick<ExportConfig, "bytes" | "sha256">>;

/** What is said of an exported model beside its weights. */
export interface Description extends
  Pick<
    ExportConfig,
    "system" | "languages" | "beam" | "lengthPenalty" | "quality"
  > {
  readonly graphs: Translating;
  /** Path of the subwords, and the id of what is unknown to them. */
  readonly tokenizer: string;
  readonly unknown: number | undefined;
  /** The one in the graphs that translate. */
  readonly shortlist?: Shortlist;
  /** What the model was trained on. */
  readonly data: readonly CitedDataSet[];
}

/** Writes everything else, and returns the config among it. */
export async function writeDescription(
  folder: string,
  { model, vocabulary }: SavedModel,
  { tokenizer, unknown, shortlist, data, ...described }: Description,
): Promise<ExportConfig> {
  const { system, languages, beam, lengthPenalty, quality, graphs } = described;
  const own: ExportConfig = {
    schema: EXPORT_SCHEMA,
    system,
    languages,
    model,
    parameters: parametersOf({ model, vocabulary }),
    vocabulary,
    ids: { pad: PAD, bos: BOS, eos: EOS, unk: unknown ?? null },
    maximumLength: MAXIMUM_LENGTH,
    shortlist: shortlist && {
      frequent: shortlist.frequent.length,
      longest: longestList(shortlist),
    },
    beam,
    lengthPenalty,
    quality,
    ...graphs,
    licences: data.flatMap(({ name, licences }) =>
      licences.map(({ licence }) => ({ data: name, licence }))
    ),
  };
  const config = { ...own, ...huggingFaceConfig(own) };
  const shared = sharedTokenizer(await Deno.readTextFile(tokenizer), own);
  const write = (name: string, text: string) =>
    Deno.writeTextFile(join(folder, name), text);
  const json = (name: string, value: unknown) =>
    write(name, JSON.stringify(value, null, 2) + "\n");
  await json("config.json", config);
  await json("generation_config.json", generationConfig(own));
  await json("tokenizer_config.json", shared.config);
  await write("tokenizer.json", shared.tokenizer);
  await write("README.md", card({ ...config, data, exported: config }));
  return config;
}
