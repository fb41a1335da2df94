/** The files of a public model in a folder, by what they are, and whether it is the model that was asked for. */
import { basename, join } from "@std/path";
import { inputError } from "../../base/input_error.ts";
import { checkInput, reasonOf, type Refuse } from "../../base/input_file.ts";
import { statIfThere } from "../../base/stat.ts";
import type { Model } from "../../schemas/experiment/model.ts";
import type { Copies } from "../text/descriptors/descriptors.ts";
import { type Bytes, openParts } from "./parts.ts";
import { isVocabulary } from "./vocabulary.ts";

/** Endings of what a release has of a model; what else lies in its folder is left alone. */
const ENDINGS = /\.(npz|bin|spm|ya?ml|json|safetensors)$/;

/** The files of a model by what they are. */
export interface ModelFiles {
  readonly copies: Copies;
  readonly weights: string;
  /** What Hugging Face has as a file; Marian has it among the weights. */
  readonly config?: string;
  /** The SentencePiece models: one for both sides, or source and target. */
  readonly pieces: readonly string[];
  /** Subwords and their ids. */
  readonly vocabulary?: string;
}

/**
 * The paths of what is read of a model in a folder, sorted.
 *
 * @throws An input error where there is no such folder, or where it does not have the files of one model.
 */
export function modelFiles(folder: string): string[] {
  const found = statIfThere(folder);
  if (!found?.isDirectory) {
    throw inputError(
      `Cannot import "${folder}": expected the folder of a model, found ${
        found === undefined ? "nothing" : "no folder"
      } there.`,
    );
  }
  const paths = [...Deno.readDirSync(folder)]
    .filter(({ name, isDirectory }) => !isDirectory && ENDINGS.test(name))
    .map(({ name }) => join(folder, name)).sort();
  if (paths.length === 0) {
    throw inputError(
      `Cannot import "${folder}": expected Marian's .npz or .bin with its .spm, or a folder of Hugging Face's, found no such file in it.`,
    );
  }
  const { weights, config, pieces, vocabulary } = sortFiles(paths, {});
  return [weights, config, ...pieces, vocabulary]
    .filter((path) => path !== undefined).sort();
}

/**
 * Which of some files is what; those that are nothing of a model are left out. Errors name the files of which `copies` are
 * read.
 *
 * @throws An input error where they are not the files of one model.
 */
export function sortFiles(
  paths: readonly string[],
  copies: Copies,
): ModelFiles {
  const named = (pattern: RegExp) =>
    paths.filter((path) => pattern.test(basename(path)));
  const config = named(/^config\.json$/)[0];
  const [separate] = named(/^target_vocab\.json$/);
  if (config !== undefined && separate !== undefined) {
    throw inputError(
      `Cannot import the model: expected one vocab.json for source and target, found "${separate}", a vocabulary of the target's own, which is not supported; use another model.`,
    );
  }
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

/** How to make what can be read of what cannot. */
const CONVERSION =
  `python -c 'from transformers import MarianMTModel; MarianMTModel.from_pretrained(".").save_pretrained(".")'`;
const ONE_MODEL = "leave only the files of one model in the folder";

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
    path === undefined
      ? "Cannot import the model: expected one model.safetensors beside config.json, found none; get the whole folder of the model."
      : `Cannot import the model: expected one .safetensors, found ${
        all([path, ...others])
      }; ${ONE_MODEL}.`,
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
        ? `neither in ${paths.length} files; get the whole folder of the model`
        : `${all(found)}; ${ONE_MODEL}`
    }.`,
  );
}

const SHORT_LIST = 0xf11a48d5013417f5n;

function isShortList(path: string, copies: Copies): boolean {
  const { buffer, length } = firstBytes(path, copies, 8);
  return length === 8 &&
    new DataView(buffer).getBigUint64(0, true) === SHORT_LIST;
}

function vocabularyPaths(
  named: Named,
  copies: Copies,
): Pick<ModelFiles, "pieces" | "vocabulary"> {
  const pieces = named(/\.spm$/);
  const vocabularies = [
    ...named(/^vocab\.json$/),
    ...named(/\.ya?ml$/).filter((path) =>
      isVocabulary(firstLines(path, copies))
    ),
  ];
  if (vocabularies.length > 1) {
    throw inputError(
      `Cannot import the model: expected one vocabulary beside ${
        pieces.length > 0 ? all(pieces) : "an .spm"
      }, found ${all(vocabularies)}; ${ONE_MODEL}.`,
    );
  }
  const [vocabulary] = vocabularies;
  if (pieces.length === 1) return { pieces, vocabulary };
  const sides = [/^(source|src)/, /^(target|trg|tgt)/].map((side) =>
    pieces.filter((path) => side.test(basename(path)))
  );
  const isPair = pieces.length === 2 &&
    sides.every((paths) => paths.length === 1);
  if (isPair && vocabulary !== undefined) {
    return { pieces: sides.flat(), vocabulary };
  }
  throw inputError(
    `Cannot import the model: expected one .spm, or source.spm and target.spm with one vocab.yml or vocab.json, found ${pieces.length} .spm and ${vocabularies.length} vocabularies; ${
      pieces.length > 2 ? ONE_MODEL : "get the whole folder of the model"
    }.`,
  );
}

function all(paths: readonly string[]): string {
  return paths.map((path) => `"${path}"`).join(" and ");
}

/** Of a file, the first bytes say whether it is a vocabulary: a configuration has something else among its first lines. */
const FIRST_BYTES = 64 << 10;

/** The whole lines at the beginning of a text. */
function firstLines(path: string, copies: Copies): string {
  const bytes = firstBytes(path, copies, FIRST_BYTES);
  const end = bytes.length < FIRST_BYTES
    ? bytes.length
    : bytes.lastIndexOf(0x0a);
  return new TextDecoder().decode(
    end > 0 ? bytes.subarray(0, end) : bytes,
  );
}

function firstBytes(path: string, copies: Copies, most: number): Bytes {
  using file = openParts(copies[path] ?? path, refuseFile(path));
  return file.read(0, Math.min(most, file.length));
}

/** The error of a file that cannot be read. */
export function refuseFile(path: string): Refuse {
  return (reason) =>
    inputError(`Cannot read "${path}": ${reason}; check its name.`);
}

/** Larger files are no configuration, vocabulary or SentencePiece model. */
const MOST_BYTES = 64 << 20;

/** What is in a file, weights excepted; an input error where it cannot be read. */
export function bytesOf(path: string, copies: Copies): Bytes {
  const copy = copies[path] ?? path;
  checkInput(copy, refuseFile(path));
  const { size } = Deno.statSync(copy);
  if (size > MOST_BYTES) {
    throw inputError(
      `Cannot read "${path}": expected at most ${MOST_BYTES} bytes, found ${size}; get the file again.`,
    );
  }
  try {
    return Deno.readFileSync(copy);
  } catch (error) {
    throw refuseFile(path)(reasonOf(error));
  }
}

/** What a model is, and how many subwords it has. */
export interface Architecture {
  readonly model: Model;
  readonly vocabulary: number;
}

/**
 * Checks a model against what an experiment says of it.
 *
 * @throws An input error that names every value to be changed.
 */
export function checkModel(
  folder: string,
  found: Architecture,
  expected: Architecture,
): void {
  const differing = (Object.keys(found.model) as (keyof Model)[])
    .filter((key) =>
      key !== "dropout" && found.model[key] !== expected.model[key]
    )
    .map((key) => `"${key}": ${JSON.stringify(found.model[key])}`);
  const wanted = [
    ...differing.length > 0
      ? [`"teacher.model": { ${differing.join(", ")} }`]
      : [],
  ];
  if (found.vocabulary !== expected.vocabulary) {
    wanted.push(`"vocabulary": { "size": ${found.vocabulary} }`);
  }
  if (wanted.length === 0) return;
  throw inputError(
    `Cannot use "${folder}" as the teacher: it is another model than the experiment says; set ${
      wanted.join(" and ")
    }.`,
  );
}
