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
import { CAPITALIZED, UPPER } from "../text/subwords/casing.ts";
import {
  FIRST_SYMBOL,
  PLACEHOLDER_PATTERN,
} from "../text/subwords/placeholders.ts";
import type { CitedDataSet } from "../text/descriptors/citations.ts";
import { longestList, type Shortlist } from "../shortlist/shortlist.ts";
import {
  generationConfig,
  huggingFaceConfig,
  isSharedText,
  sharedTokenizer,
} from "./hugging_face.ts";
import { card } from "./model_card.ts";
import { exportedGraphs, type GraphName, graphPath, GRAPHS } from "./graphs.ts";

const PRECISION = { fp32: "float32", int8: "int8" } as const;

/** Path of the graph that translates. */
export function translationPath(
  folder: string,
  precision: ExportPrecision,
): string {
  return join(folder, graphPath("translate", precision));
}

/** The files of an exported model, by their paths in its folder. */
export function exportedFiles(
  config: Pick<ExportConfig, "placeholders" | "casing">,
): string[] {
  const isShared = isSharedText(config);
  return [
    ...["README.md", "config.json", "tokenizer.json"],
    ...isShared ? ["generation_config.json", "tokenizer_config.json"] : [],
    ...EXPORT_PRECISIONS.flatMap((precision) =>
      graphsOf(isShared).map((name) => graphPath(name, precision))
    ),
  ];
}

function graphsOf(isShared: boolean): readonly GraphName[] {
  return isShared ? GRAPHS : GRAPHS.slice(0, 1);
}

/**
 * Writes the graphs of a model, the short-list in those that translate; returns sizes and hashes of these. Unless
 * its text `isShared`, as it needs no masks and marks, there are none for Hugging Face's libraries, which know none.
 */
export async function writeGraphs(
  folder: string,
  saved: SavedModel,
  lengthPenalty: number,
  shortlist?: Shortlist,
  isShared = true,
): Promise<Translating> {
  const names = graphsOf(isShared);
  const bytes = { fp32: 0, int8: 0 }, sha256 = { fp32: "", int8: "" };
  for (const precision of EXPORT_PRECISIONS) {
    const graphs = exportedGraphs(
      saved,
      PRECISION[precision],
      lengthPenalty,
      shortlist,
    );
    for (const name of names) {
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
  /** The source languages that have a token, where they have. */
  readonly sources?: readonly string[];
  /** How many placeholders of a line are masked, where they are. */
  readonly placeholders?: number;
  /** Whether the case of words is marked. */
  readonly casing?: boolean;
  /** The one in the graphs that translate. */
  readonly shortlist?: Shortlist;
  /** What the model was trained on. */
  readonly data: readonly CitedDataSet[];
}

/** Writes everything else, and returns the config among it. */
export async function writeDescription(
  folder: string,
  { model, vocabulary }: SavedModel,
  {
    tokenizer,
    unknown,
    sources,
    placeholders,
    casing,
    shortlist,
    data,
    ...described
  }: Description,
): Promise<ExportConfig> {
  const { system, languages, beam, lengthPenalty, quality, graphs } = described;
  const own: ExportConfig = {
    schema: EXPORT_SCHEMA,
    system,
    languages,
    sources: sources && [...sources],
    model,
    parameters: parametersOf({ model, vocabulary }),
    vocabulary,
    ids: { pad: PAD, bos: BOS, eos: EOS, unk: unknown ?? null },
    placeholders: placeholders === undefined ? undefined : {
      pattern: PLACEHOLDER_PATTERN,
      first: FIRST_SYMBOL,
      most: placeholders,
    },
    casing: casing
      ? {
        capitalized: CAPITALIZED.charCodeAt(0),
        upper: UPPER.charCodeAt(0),
      }
      : undefined,
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
  const isShared = isSharedText({ placeholders, casing });
  const config = { ...own, ...isShared && huggingFaceConfig(own) };
  const shared = sharedTokenizer(
    await Deno.readTextFile(tokenizer),
    own,
  );
  const write = (name: string, text: string) =>
    Deno.writeTextFile(join(folder, name), text);
  const json = (name: string, value: unknown) =>
    write(name, JSON.stringify(value, null, 2) + "\n");
  await json("config.json", config);
  if (isShared) {
    await json("generation_config.json", generationConfig(own));
    await json("tokenizer_config.json", shared.config);
  }
  await write("tokenizer.json", shared.tokenizer);
  await write("README.md", card({ ...config, data, exported: config }));
  return config;
}
