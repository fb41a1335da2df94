/** Reads a public translation model, of Marian, Bergamot or Hugging Face, into a model of ours with its subwords. */
import { inputError } from "../../base/input_error.ts";
import type { Copies } from "../text/descriptors/descriptors.ts";
import type { SavedModel } from "../transformer/checkpoint.ts";
import type { Weights } from "../transformer/parameters.ts";
import { CONFIGURATION, type NamedArrays } from "./arrays.ts";
import {
  type Architecture,
  bytesOf,
  checkModel,
  type ModelFiles,
  modelFiles,
  refuseFile,
  sortFiles,
} from "./files.ts";
import { huggingFaceWeights, readHuggingFaceConfig } from "./hugging_face.ts";
import { readMarianBin } from "./marian_bin.ts";
import { readMarianConfig } from "./marian_config.ts";
import { marianWeights } from "./marian_weights.ts";
import { readNpz } from "./npz.ts";
import { openParts } from "./parts.ts";
import { readSentencePiece, type SentencePieceModel } from "./sentencepiece.ts";
import { missingPieces, tokenizerJson } from "./tokenizer_json.ts";
import {
  type FileVocabulary,
  fileVocabulary,
  type ImportedVocabulary,
  readVocabulary,
  renumber,
} from "./vocabulary.ts";
import type { Renumbering } from "./weights.ts";

export interface ImportedModel extends SavedModel {
  readonly format: "marian" | "hugging-face";
  /**
   * The texts of `tokenizer.json` files; without `target`, one is for both sides. That of the source decodes what the model
   * says, also where the target's text is cut by the other.
   */
  readonly tokenizer: { readonly source: string; readonly target?: string };
  /** The id here of each id of the file. */
  readonly ids: Int32Array<ArrayBuffer>;
  /** Id here of the subword for what is unknown, which Marian never predicts. */
  readonly unknown: number;
  /** Ids from here on are of pieces that the vocabulary lacks: each stands for what is unknown. */
  readonly known: number;
}

/**
 * The model in some files: `.npz` or `.bin` of Marian, or `config.json` and `model.safetensors`, each with its `.spm`
 * files and, where there are two of them, `vocab.yml` or `vocab.json`. Other files are ignored. Errors name the files of
 * which `copies` are read.
 *
 * @throws An input error where a file is missing, damaged, or of a model that is not supported.
 */
export function importModel(
  paths: readonly string[],
  copies: Copies = {},
): ImportedModel {
  const files = sortFiles(paths, copies);
  if (files.config !== undefined) {
    const described = describeHuggingFace(files, files.config);
    const path = files.copies[files.weights] ?? files.weights;
    const { model, renumbering } = described;
    return imported(
      "hugging-face",
      described,
      huggingFaceWeights(path, model, renumbering, nameOf(files)),
    );
  }
  const arrays = marianArrays(files);
  const described = describeMarian(files, arrays);
  const { model, renumbering } = described;
  return imported(
    "marian",
    described,
    marianWeights(model, arrays, renumbering, nameOf(files)),
  );
}

/** The subwords of an imported model as one `tokenizer.json`, which `loadSubwords` reads. */
export function storedTokenizer(
  { tokenizer: { source, target }, known, vocabulary }: ImportedModel,
): string {
  return JSON.stringify({
    ...JSON.parse(source),
    ...target === undefined ? {} : { target: JSON.parse(target) },
    ...known === vocabulary ? {} : { known },
  });
}

/**
 * Checks the model in a folder against what an experiment says of it, as `checkModel` does, without reading its weights.
 *
 * @throws An input error that names every value to be changed, or where the folder has no model that is supported.
 */
export function checkFolder(folder: string, expected: Architecture): void {
  const files = sortFiles(modelFiles(folder), {});
  const found = files.config === undefined
    ? describeMarian(files, marianArrays(files, CONFIGURATION))
    : describeHuggingFace(files, files.config);
  checkModel(folder, found, expected);
}

/** What is known of a model before its weights are read. */
interface Described extends Architecture {
  readonly subwords: Subwords;
  readonly renumbering: Renumbering;
}

/** The vocabulary of a model and the pieces of its one or two sides. */
interface Subwords {
  readonly file: FileVocabulary;
  readonly vocabulary: ImportedVocabulary;
  readonly sides: readonly SentencePieceModel[];
  /** Pieces that the vocabulary lacks. */
  readonly missing: readonly string[];
}

function imported(
  format: ImportedModel["format"],
  { model, subwords, renumbering }: Described,
  weights: Weights,
): ImportedModel {
  const { vocabulary, sides: [source, target], missing } = subwords;
  return {
    format,
    model,
    vocabulary: renumbering.vocabulary,
    weights,
    tokenizer: {
      source: tokenizerJson(source, vocabulary, missing, target ?? source),
      ...target === undefined
        ? {}
        : { target: tokenizerJson(target, vocabulary, missing) },
    },
    ids: vocabulary.ids,
    unknown: renumbering.unknown,
    known: renumbering.known,
  };
}

function nameOf({ weights }: ModelFiles): string {
  return `the model "${weights}"`;
}

/** The arrays of a model of Marian, or one of them. */
function marianArrays(files: ModelFiles, only?: string): NamedArrays {
  const { weights, copies } = files;
  using file = openParts(copies[weights] ?? weights, refuseFile(weights));
  const [first, second] = file.read(0, Math.min(2, file.length));
  const read = first === 0x50 && second === 0x4b ? readNpz : readMarianBin;
  return read(file, nameOf(files), only);
}

function describeMarian(files: ModelFiles, arrays: NamedArrays): Described {
  const what = nameOf(files);
  const text = configurationOf(arrays, what);
  const { model, vocabularies } = readMarianConfig(text, what);
  const subwords = subwordsOf(files);
  for (const found of vocabularies) checkVocabulary(found, subwords, files);
  return described(model, subwords, { predictsUnknown: false });
}

/** A configuration has a few thousand letters. */
const MOST_LETTERS = 1 << 20;

function configurationOf(arrays: NamedArrays, what: string): string {
  const found = arrays.get(CONFIGURATION)?.data;
  if (!(found instanceof Int8Array)) {
    throw inputError(
      `Cannot use ${what}: expected its configuration, "${CONFIGURATION}", found none; take the file that Marian trained, with its configuration inside.`,
    );
  }
  if (found.length > MOST_LETTERS) {
    throw inputError(
      `Cannot use ${what}: expected a configuration of at most ${MOST_LETTERS} bytes, found ${found.length}; the file is damaged.`,
    );
  }
  const { buffer, byteOffset, length } = found;
  return new TextDecoder().decode(new Uint8Array(buffer, byteOffset, length));
}

function describeHuggingFace(files: ModelFiles, path: string): Described {
  const what = `the configuration "${path}"`;
  const config = readHuggingFaceConfig(jsonOf(path, files.copies), what);
  const { model, vocabulary, padding, end, begin } = config;
  const subwords = subwordsOf(files, padding);
  checkVocabulary(vocabulary, subwords, files);
  const { file } = subwords;
  const refuse = (expected: string, found: number) =>
    inputError(
      `Cannot use ${what}: expected ${expected}, found ${found}; get the whole folder of the model again.`,
    );
  if (end !== file.end) {
    throw refuse(
      `"eos_token_id" to be ${file.end}, that of "${file.subwords[file.end]}"`,
      end,
    );
  }
  if (padding === file.unknown) {
    throw refuse(
      `"pad_token_id" to be another than that of what is unknown`,
      padding,
    );
  }
  return described(model, subwords, { predictsUnknown: true, begin });
}

function described(
  model: Architecture["model"],
  subwords: Subwords,
  decoding: Pick<Renumbering, "predictsUnknown" | "begin">,
): Described {
  const { ids, unknown, subwords: { length: known } } = subwords.vocabulary;
  const vocabulary = known + subwords.missing.length;
  return {
    model,
    vocabulary,
    subwords,
    renumbering: { ids, vocabulary, unknown, known, ...decoding },
  };
}

function checkVocabulary(
  found: number,
  { file: { subwords: { length: expected } } }: Subwords,
  files: ModelFiles,
): void {
  if (found === expected) return;
  throw inputError(
    `Cannot use the model "${files.weights}": expected the ${expected} subwords of "${
      files.vocabulary ?? files.pieces[0]
    }", found a model of ${found}; take model and vocabulary from the same release.`,
  );
}

function subwordsOf(
  { pieces, vocabulary: path, copies }: ModelFiles,
  padding?: number,
): Subwords {
  const sides = pieces.map((path) =>
    readSentencePiece(bytesOf(path, copies), `the vocabulary "${path}"`)
  );
  const file = {
    ...path === undefined ? ownVocabulary(sides[0]) : fileVocabulary(
      readVocabulary(textOf(path, copies), path),
      `the vocabulary "${path}"`,
    ),
    ...padding === undefined ? {} : { padding },
  };
  const vocabulary = renumber(file);
  const missing = [
    ...new Set(sides.flatMap((side) => missingPieces(side, vocabulary))),
  ];
  return { file, vocabulary, sides, missing };
}

/** The vocabulary of a model whose ids are those of its pieces. */
function ownVocabulary(
  { pieces, end, unknown }: SentencePieceModel,
): FileVocabulary {
  return { subwords: pieces.map(({ text }) => text), end, unknown };
}

function textOf(path: string, copies: Copies): string {
  return new TextDecoder().decode(bytesOf(path, copies));
}

function jsonOf(path: string, copies: Copies): unknown {
  try {
    return JSON.parse(textOf(path, copies));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw inputError(
      `Cannot read "${path}": expected JSON, found what is none; get the file again.`,
    );
  }
}
