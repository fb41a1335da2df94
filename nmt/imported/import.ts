/** Reads a public translation model, of Marian, Bergamot or Hugging Face, into a model of ours with its subwords. */
import { basename } from "@std/path";
import { inputError } from "../../base/input_error.ts";
import { checkInput, reasonOf, type Refuse } from "../../base/input_file.ts";
import type { SavedModel } from "../transformer/checkpoint.ts";
import { CONFIGURATION, type NamedArrays } from "./arrays.ts";
import { huggingFaceWeights, readHuggingFaceConfig } from "./hugging_face.ts";
import { readMarianBin } from "./marian_bin.ts";
import { readMarianConfig } from "./marian_config.ts";
import { marianWeights } from "./marian_weights.ts";
import { readNpz } from "./npz.ts";
import { readSentencePiece, type SentencePieceModel } from "./sentencepiece.ts";
import { missingPieces, tokenizerJson } from "./tokenizer_json.ts";
import {
  type FileVocabulary,
  fileVocabulary,
  type ImportedVocabulary,
  isVocabulary,
  readVocabulary,
  renumber,
} from "./vocabulary.ts";
import type { Renumbering } from "./weights.ts";

export interface ImportedModel extends SavedModel {
  readonly format: "marian" | "hugging-face";
  /** The texts of `tokenizer.json` files; without `target`, one is for both sides. */
  readonly tokenizer: { readonly source: string; readonly target?: string };
  /** The id here of each id of the file. */
  readonly ids: Int32Array<ArrayBuffer>;
  /** Id here of the subword for what is unknown, which Marian never predicts. */
  readonly unknown: number;
}

/** Where the copy of a file is; a file without one is read where it is. */
type Copies = Readonly<Record<string, string>>;

/** The files of a model by what they are. */
interface Files {
  readonly copies: Copies;
  readonly weights: string;
  readonly config: string | undefined;
  /** The SentencePiece models: one for both sides, or source and target. */
  readonly pieces: readonly string[];
  /** Subwords and their ids. */
  readonly vocabulary: string | undefined;
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
  return files.config === undefined
    ? importMarian(files)
    : importHuggingFace(files, files.config);
}

function importMarian(files: Files): ImportedModel {
  const what = `the model "${files.weights}"`;
  const bytes = bytesOf(files.weights, files.copies);
  const isZip = bytes[0] === 0x50 && bytes[1] === 0x4b;
  const arrays = isZip ? readNpz(bytes, what) : readMarianBin(bytes, what);
  const { model, vocabularies } = readMarianConfig(
    configurationOf(arrays, what),
    what,
  );
  const subwords = subwordsOf(files);
  const expected = subwords.file.subwords.length;
  for (const found of vocabularies) {
    checkVocabulary(found, expected, files);
  }
  const { renumbering } = subwords;
  return {
    format: "marian",
    model,
    vocabulary: renumbering.vocabulary,
    weights: marianWeights(model, arrays, renumbering, what),
    tokenizer: subwords.tokenizer,
    ids: subwords.vocabulary.ids,
    unknown: renumbering.unknown,
  };
}

function configurationOf(arrays: NamedArrays, what: string): string {
  const found = arrays.get(CONFIGURATION)?.data;
  if (found instanceof Int8Array) {
    return new TextDecoder().decode(
      new Uint8Array(found.buffer, 0, found.length),
    );
  }
  throw inputError(
    `Cannot use ${what}: expected its configuration, "${CONFIGURATION}", found none; take the file that Marian trained, with its configuration inside.`,
  );
}

function importHuggingFace(files: Files, path: string): ImportedModel {
  const config = readHuggingFaceConfig(
    jsonOf(path, files.copies),
    `the configuration "${path}"`,
  );
  const { model, vocabulary, padding, end, begin } = config;
  const subwords = subwordsOf(files, { padding, end });
  checkVocabulary(vocabulary, subwords.file.subwords.length, files);
  const renumbering = { ...subwords.renumbering, begin };
  const what = `the model "${files.weights}"`;
  return {
    format: "hugging-face",
    model,
    vocabulary: renumbering.vocabulary,
    weights: huggingFaceWeights(
      files.copies[files.weights] ?? files.weights,
      model,
      renumbering,
      what,
    ),
    tokenizer: subwords.tokenizer,
    ids: subwords.vocabulary.ids,
    unknown: renumbering.unknown,
  };
}

function checkVocabulary(found: number, expected: number, files: Files): void {
  if (found === expected) return;
  throw inputError(
    `Cannot use the model "${files.weights}": expected the ${expected} subwords of "${
      files.vocabulary ?? files.pieces[0]
    }", found a model of ${found}; take model and vocabulary from the same release.`,
  );
}

/** The vocabulary of a model, the subwords of its two sides, and what becomes of ids. */
function subwordsOf(
  files: Files,
  special: Partial<Pick<FileVocabulary, "padding" | "end">> = {},
): {
  readonly file: FileVocabulary;
  readonly vocabulary: ImportedVocabulary;
  readonly renumbering: Renumbering;
  readonly tokenizer: ImportedModel["tokenizer"];
} {
  const models = files.pieces.map((path) =>
    readSentencePiece(bytesOf(path, files.copies), `the vocabulary "${path}"`)
  );
  const [source, target] = models;
  const file = {
    ...files.vocabulary === undefined ? ownVocabulary(source) : fileVocabulary(
      readVocabulary(textOf(files.vocabulary, files.copies), files.vocabulary),
      `the vocabulary "${files.vocabulary}"`,
    ),
    ...special,
  };
  const vocabulary = renumber(file);
  const missing = [
    ...new Set(models.flatMap((model) => missingPieces(model, vocabulary))),
  ];
  const known = vocabulary.subwords.length;
  return {
    file,
    vocabulary,
    renumbering: {
      ids: vocabulary.ids,
      vocabulary: known + missing.length,
      unknown: vocabulary.unknown,
      known,
    },
    tokenizer: {
      source: tokenizerJson(source, vocabulary, missing),
      ...target === undefined
        ? {}
        : { target: tokenizerJson(target, vocabulary, missing) },
    },
  };
}

/** The vocabulary of a model whose ids are those of its pieces. */
function ownVocabulary(
  { pieces, end, unknown }: SentencePieceModel,
): FileVocabulary {
  return { subwords: pieces.map(({ text }) => text), end, unknown };
}

/** How to make what can be read of what cannot. */
const CONVERSION =
  `python -c 'from transformers import MarianMTModel; MarianMTModel.from_pretrained(".").save_pretrained(".")'`;

function sortFiles(paths: readonly string[], copies: Copies): Files {
  const named = (pattern: RegExp) =>
    paths.filter((path) => pattern.test(basename(path)));
  const config = named(/^config\.json$/)[0];
  return {
    copies,
    weights: config === undefined
      ? marianWeightsPath(paths, named, copies)
      : safetensorsPath(named),
    config,
    ...vocabularyPaths(named, copies),
  };
}

type Named = (pattern: RegExp) => string[];

function safetensorsPath(named: Named): string {
  const [path, ...others] = named(/\.safetensors$/);
  if (path !== undefined && others.length === 0) return path;
  const pickle = named(/^pytorch_model.*\.bin$/)[0];
  if (path === undefined && pickle !== undefined) {
    throw inputError(
      `Cannot use "${pickle}": expected model.safetensors, found a pickle, which may run programs; convert it with ${CONVERSION} in its folder.`,
    );
  }
  throw inputError(
    `Cannot import the model: expected one model.safetensors beside config.json, found ${
      path === undefined ? "none" : others.length + 1
    }; get the whole folder of the model.`,
  );
}

function marianWeightsPath(
  paths: readonly string[],
  named: Named,
  copies: Copies,
): string {
  const found = named(/\.(npz|bin)$/).filter((path) =>
    !isShortList(path, copies)
  );
  const pickle = found.find((path) => /^pytorch_model/.test(basename(path)));
  if (pickle !== undefined) {
    throw inputError(
      `Cannot use "${pickle}": expected config.json and model.safetensors, found a pickle, which may run programs; get config.json, then convert it with ${CONVERSION} in its folder.`,
    );
  }
  if (found.length === 1) return found[0];
  throw inputError(
    `Cannot import the model: expected one .npz or .bin of Marian, or config.json of Hugging Face, found ${
      found.length === 0
        ? `neither in ${paths.length} files`
        : found.map((path) => `"${path}"`).join(" and ")
    }; name the files of one model.`,
  );
}

const SHORT_LIST = 0xf11a48d5013417f5n;

function isShortList(path: string, copies: Copies): boolean {
  const copy = copies[path] ?? path;
  checkInput(copy, refuseFile(path));
  using file = Deno.openSync(copy);
  const first = new Uint8Array(8);
  return file.readSync(first) === 8 &&
    new DataView(first.buffer).getBigUint64(0, true) === SHORT_LIST;
}

function vocabularyPaths(
  named: Named,
  copies: Copies,
): Pick<Files, "pieces" | "vocabulary"> {
  const pieces = named(/\.spm$/);
  const vocabularies = [
    ...named(/^vocab\.json$/),
    ...named(/\.ya?ml$/).filter((path) => isVocabulary(textOf(path, copies))),
  ];
  if (pieces.length === 1) {
    return { pieces, vocabulary: vocabularies[0] };
  }
  const sides = [/^(source|src)/, /^(target|trg|tgt)/].map((side) =>
    pieces.filter((path) => side.test(basename(path)))
  );
  const isPair = pieces.length === 2 &&
    sides.every((paths) => paths.length === 1);
  if (isPair && vocabularies.length === 1) {
    return { pieces: sides.flat(), vocabulary: vocabularies[0] };
  }
  throw inputError(
    `Cannot import the model: expected one .spm, or source.spm and target.spm with one vocab.yml or vocab.json, found ${pieces.length} .spm and ${vocabularies.length} vocabularies; name the files of one model.`,
  );
}

function refuseFile(path: string): Refuse {
  return (reason) =>
    inputError(`Cannot read "${path}": ${reason}; check its name.`);
}

function bytesOf(path: string, copies: Copies): Uint8Array<ArrayBuffer> {
  const copy = copies[path] ?? path;
  checkInput(copy, refuseFile(path));
  try {
    return Deno.readFileSync(copy);
  } catch (error) {
    throw refuseFile(path)(reasonOf(error));
  }
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
