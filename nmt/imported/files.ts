/** The files of a public model in a folder, and whether it is the model that was asked for. */
import { join } from "@std/path";
import { inputError } from "../../base/input_error.ts";
import { statIfThere } from "../../base/stat.ts";
import type { Model } from "../../schemas/experiment/model.ts";

/** Endings of what a release has of a model; what else lies in its folder is left alone. */
const ENDINGS = /\.(npz|bin|spm|ya?ml|json|safetensors)$/;

/**
 * The paths of the files of a model, sorted.
 *
 * @throws An input error where there is no such folder, or nothing of a model in it.
 */
export function modelFiles(folder: string): string[] {
  if (!statIfThere(folder)?.isDirectory) {
    throw inputError(
      `Cannot import "${folder}": expected the folder of a model, found ${
        statIfThere(folder) === undefined ? "nothing" : "no folder"
      } there.`,
    );
  }
  const files = [...Deno.readDirSync(folder)]
    .filter(({ name, isDirectory }) => !isDirectory && ENDINGS.test(name))
    .map(({ name }) => join(folder, name)).sort();
  if (files.length > 0) return files;
  throw inputError(
    `Cannot import "${folder}": expected Marian's .npz or .bin with its .spm, or a folder of Hugging Face's, found no such file in it.`,
  );
}

/** What a model is, and how many subwords it has. */
export interface Kind {
  readonly model: Model;
  readonly vocabulary: number;
}

/**
 * Checks a model against what an experiment says of it.
 *
 * @throws An input error that names every value to be changed.
 */
export function checkModel(folder: string, found: Kind, expected: Kind): void {
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
