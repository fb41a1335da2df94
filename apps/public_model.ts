/** Finds a public model: in a folder with its files, or by a descriptor. */
import { inputError } from "../base/input_error.ts";
import { statIfThere } from "../base/stat.ts";
import type { Languages } from "../schemas/experiment/data.ts";
import { languageAmong } from "../schemas/language.ts";
import type { ModelDescriptor } from "../schemas/model_descriptor.ts";
import { modelFiles } from "../nmt/imported/files.ts";
import { readModelDescriptor } from "../nmt/text/descriptors/models.ts";
import { withModel } from "../nmt/text/fetch/fetch_model.ts";

export interface PublicModel {
  /** What the user calls it: a folder, or a descriptor by name or path. */
  readonly name: string;
  /** Undefined for a folder. */
  readonly descriptor?: ModelDescriptor;
}

/**
 * The model that a word names; nothing is fetched.
 *
 * @throws An input error where it is neither a folder with the files of one model nor a descriptor.
 */
export function publicModel(name: string): PublicModel {
  const isFolder = statIfThere(name)?.isDirectory ||
    name.includes("/") && !name.endsWith(".json");
  if (!isFolder) return { name, descriptor: readModelDescriptor(name) };
  modelFiles(name);
  return { name };
}

/**
 * Uses the folder of a model; that of a descriptor is fetched for it.
 *
 * @throws An input error where it cannot be fetched.
 */
export function inFolder<Result>(
  { name, descriptor }: PublicModel,
  log: (line: string) => void,
  use: (folder: string) => Promise<Result>,
): Promise<Result> {
  return descriptor === undefined ? use(name) : withModel(descriptor, log, use);
}

/** The terms of a described model where they are stated and all the same. */
export function licenceOf(
  { descriptor }: PublicModel,
): string | undefined {
  const licences = new Set(descriptor?.files.map(({ licence }) => licence));
  const [licence] = licences;
  return licences.size === 1 && licence !== "not stated" ? licence : undefined;
}

/**
 * Checks the languages that the user gave against those of the descriptor.
 *
 * @throws An input error where the model translates others.
 */
export function checkLanguages(
  { name, descriptor }: PublicModel,
  { source, target }: Languages,
): void {
  const its = descriptor?.languages;
  const has = (language: string, its: string) =>
    languageAmong(language, [its]) !== undefined;
  if (
    its === undefined || has(source, its.source) && has(target, its.target)
  ) return;
  throw inputError(
    `Cannot start from "${name}": expected a model that translates ${source} to ${target}, found one for ${its.source} to ${its.target}; leave out --from and --to, or give another --model.`,
  );
}
