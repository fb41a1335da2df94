/** A made-up run whose teacher is a real imported model and whose student is the same model with fewer subwords. */
import { join } from "@std/path";
import { importModel, storedTokenizer } from "../../../nmt/imported/import.ts";
import { modelFiles } from "../../../nmt/imported/files.ts";
import { loadSubwords } from "../../../nmt/text/subwords/subwords.ts";
import { tokenize } from "../../../nmt/text/subwords/tokenize.ts";
import { type Tokens, writeTokens } from "../../../nmt/text/subwords/tokens.ts";
import {
  type SavedModel,
  saveModel,
} from "../../../nmt/transformer/checkpoint.ts";
import { trimmed } from "../../../nmt/vocabulary/trimming.ts";
import type { Json, NodeRecord } from "../../../schemas/manifest.ts";
import { makeRun, objectPath } from "../../fixtures/made_run.ts";
import { MADE_MODEL } from "../../nmt/imported/marian_folder.ts";
import {
  LAYERS,
  RARE,
  SUBWORDS,
  writeSmallModel,
} from "../init/small_model.ts";

/** Of the last subwords of the vocabulary, so that many before them are left out. */
const USED = RARE.slice(-10);
const LINES = Array.from({ length: 30 }, (_, i) => {
  const words = [...String(i + 100)].map((digit) => USED[Number(digit)]);
  return `${words.join(" ")}\t${words.toReversed().join(" ")} a\n`;
}).join("");

/** Subwords of the students, of which the text uses fewer. */
const STUDENTS = 60;

const MODEL = {
  ...MADE_MODEL,
  encoderLayers: LAYERS.encoder,
  decoderLayers: LAYERS.decoder,
  feedForward: 320,
};

export interface AdaptedRun {
  /** The file of the experiment. */
  readonly experiment: string;
  readonly artifacts: string;
  readonly records: ReadonlyMap<string, NodeRecord>;
  readonly teacher: Tokens;
  readonly student: Tokens;
}

/** An experiment whose teacher is the model in `folder`; with `adaptation` it is tuned. */
function experimentOf(folder: string, adaptation: Json | undefined): Json {
  const training = { steps: 6, validateEvery: 3 };
  return {
    languages: { source: "pt", target: "en" },
    data: { train: join(folder, "pairs.tsv") },
    corpus: { test: 10, validation: 10 },
    vocabulary: { size: SUBWORDS, students: STUDENTS },
    teacher: {
      import: join(folder, "marian"),
      model: MODEL,
      ...adaptation === undefined ? {} : { adaptation },
    },
    student: { model: { ...MODEL, dropout: 0 }, training },
    students: {
      rkd: { alpha: 0.5, start: { encoder: [1, 2, 3, 4], decoder: [1, 2] } },
    },
  };
}

/**
 * Writes the run to a folder. Its tokens, subwords and models can be read; with `adaptation`, which has an interpolation, the
 * teacher is "interpolate:teacher".
 */
export async function makeAdaptedRun(
  folder: string,
  adaptation?: Json,
): Promise<AdaptedRun> {
  const path = (name: string) => join(folder, name);
  writeSmallModel(path("marian"));
  Deno.writeTextFileSync(path("pairs.tsv"), LINES);
  Deno.writeTextFileSync(
    path("adapted.json"),
    JSON.stringify(experimentOf(folder, adaptation)),
  );
  const [experiment, artifacts] = [path("adapted.json"), path("artifacts")];
  const records = makeRun(artifacts, { experiment });

  const imported = importModel(modelFiles(path("marian")));
  const tokenizer = storedTokenizer(imported);
  Deno.writeTextFileSync(path("tokenizer.json"), tokenizer);
  const subwords = await loadSubwords(path("tokenizer.json"));
  const { tokens } = await tokenize(path("pairs.tsv"), subwords, 60, "all");
  const small = trimmed({
    ...{ saved: imported, tokenizer, size: STUDENTS },
    ...{ train: tokens, validation: tokens },
  });

  const at = (node: string, output: string) => {
    const artifact = records.get(node)?.outputs[output];
    if (artifact === undefined) throw new Error(`no ${output} of ${node}`);
    return objectPath(artifacts, artifact);
  };
  const write = (node: string, validation: Tokens, tokenizer: string) => {
    writeTokens(at(node, "validation"), validation);
    Deno.writeTextFileSync(at(node, "tokenizer"), tokenizer);
  };
  write("tokenize", tokens, tokenizer);
  write("trim", small.validation, small.tokenizer);
  const save = (node: string, { model, vocabulary, weights }: SavedModel) =>
    saveModel(at(node, "model"), { model, vocabulary, weights });
  save(
    adaptation === undefined ? "import:teacher" : "interpolate:teacher",
    imported,
  );
  save("student:rkd", small.saved);
  return {
    ...{ experiment, artifacts, records },
    ...{ teacher: tokens, student: small.validation },
  };
}
