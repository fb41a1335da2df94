/** Writes the folder of an exported model: graphs in each precision, tokenizer, configs, model card. */
import { join } from "@std/path";
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
import { card } from "./model_card.ts";
import { exportedGraphs, GRAPHS } from "./graphs.ts";

const PRECISION = { fp32: "float32", int8: "int8" } as const;

/** Path of the graph that translates. */
export function translationPath(
  folder: string,
  precision: ExportPrecision,
): string {
  return join(folder, precision, "translate.onnx");
}

/** Writes the graphs of a model, the short-list in those that translate; returns the sizes of these. */
export async function writeGraphs(
  folder: string,
  saved: SavedModel,
  lengthPenalty: number,
  shortlist?: Shortlist,
): Promise<ExportConfig["bytes"]> {
  const bytes = { fp32: 0, int8: 0 };
  for (const precision of EXPORT_PRECISIONS) {
    const graphs = exportedGraphs(
      saved,
      PRECISION[precision],
      lengthPenalty,
      shortlist,
    );
    await Deno.mkdir(join(folder, precision), { recursive: true });
    for (const name of GRAPHS) {
      await Deno.writeFile(
        join(folder, precision, `${name}.onnx`),
        graphs[name],
      );
    }
    bytes[precision] = graphs.translate.length;
  }
  return bytes;
}

/** What is said of an exported model beside its weights. */
export interface Description extends
  Pick<
    ExportConfig,
    "system" | "languages" | "beam" | "lengthPenalty" | "quality" | "bytes"
  > {
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
  const { system, languages, beam, lengthPenalty, quality, bytes } = described;
  const config: ExportConfig = {
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
    bytes,
    licences: data.flatMap(({ name, licences }) =>
      licences.map(({ licence }) => ({ data: name, licence }))
    ),
  };
  const write = (name: string, text: string) =>
    Deno.writeTextFile(join(folder, name), text);
  const json = (name: string, value: unknown) =>
    write(name, JSON.stringify(value, null, 2) + "\n");
  await json("config.json", config);
  await json("generation_config.json", generation(config));
  await write(
    "tokenizer.json",
    sourceSubwords(await Deno.readTextFile(tokenizer)),
  );
  await write("README.md", card({ ...config, data, exported: config }));
  return config;
}

/** The subwords without what this project adds for text of the target: no other reader of the file knows it. */
function sourceSubwords(text: string): string {
  const { target, known, ...source } = JSON.parse(text);
  return target === undefined && known === undefined
    ? text
    : JSON.stringify(source);
}

/** The settings of search by the names that Hugging Face's libraries have for them. */
function generation(
  { ids, beam, lengthPenalty, maximumLength }: ExportConfig,
): Readonly<Record<string, number | boolean>> {
  return {
    bos_token_id: ids.bos,
    decoder_start_token_id: ids.bos,
    eos_token_id: ids.eos,
    pad_token_id: ids.pad,
    num_beams: beam,
    length_penalty: lengthPenalty,
    max_length: maximumLength,
    do_sample: false,
  };
}
