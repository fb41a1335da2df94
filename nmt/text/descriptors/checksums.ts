/** The files of a config's descriptors, each with its SHA-256. */
import type {
  Data,
  FetchedLanguages,
} from "../../../schemas/experiment/data.ts";
import type { DataFile, Recipe } from "../../../schemas/descriptor.ts";
import { withoutPassword } from "../../../base/addresses.ts";
import { inputError } from "../../../base/input_error.ts";
import {
  type Copies,
  type Selection,
  type Selections,
  selections,
} from "./descriptors.ts";

/** A file whose bytes are known, by the descriptor or by the experiment. */
export interface ChecksummedFile extends Omit<DataFile, "made"> {
  /** Name of its descriptor, in whose folder it is left. */
  readonly set: string;
  readonly sha256: string;
  /** What it is made of where no mirror has it, by language. */
  readonly made?: {
    readonly by: Recipe;
    readonly of: Readonly<Record<string, ChecksummedFile>>;
  };
}

/** An input error where the experiment's hashes are of no file that lacks one. */
export function checkGivenHashes(
  { sha256: given = {} }: Data,
  selected: Selections,
): void {
  const files = allOf(selected).flatMap(({ files }) => files);
  for (const [name, hash] of Object.entries(given)) {
    const file = files.find((file) => file.name === name);
    if (file === undefined) {
      throw inputError(
        `Cannot use "data.sha256": no data set of the experiment has a file "${name}"${
          files.length === 0 ? "" : `, only ${names(files)}`
        }.`,
      );
    }
    if (file.sha256 !== undefined && file.sha256 !== hash) {
      throw inputError(
        `Cannot use "data.sha256" for "${name}": its descriptor pins ${file.sha256}, found ${hash}.`,
      );
    }
  }
}

/**
 * The files that a config needs.
 *
 * @throws An input error for a file without a SHA-256.
 */
export function checksummedFiles(
  data: Data,
  languages: FetchedLanguages,
  copies: Copies = {},
): ChecksummedFile[] {
  return allOf(selections(data, languages, copies)).flatMap(
    ({ name, files, known }) => {
      const hashOf = (file: DataFile) =>
        file.sha256 ?? data.sha256?.[file.name];
      const unknown = files.filter((file) => hashOf(file) === undefined);
      if (unknown.length > 0) throw withoutChecksum(name, unknown);
      const checksummed = (file: DataFile): ChecksummedFile => ({
        ...file,
        set: name,
        sha256: hashOf(file) ?? "",
        made: file.made && {
          by: file.made.by,
          of: Object.fromEntries(
            Object.entries(file.made.of).flatMap(([language, name]) =>
              known.filter((other) => other.name === name)
                .map((other) => [language, checksummed(other)])
            ),
          ),
        },
      });
      return files.map(checksummed);
    },
  );
}

/** Where a user gets a file by hand. */
export function whereToGet(
  { urls, origin }: Pick<DataFile, "urls" | "origin">,
): string {
  return withoutPassword(
    [...urls, ...origin === undefined ? [] : [origin]].join(" or "),
  );
}

function withoutChecksum(set: string, files: readonly DataFile[]): Error {
  return inputError(
    `Cannot use data set "${set}": nobody has recorded the SHA-256 of ${
      names(files)
    }, so that nothing tells its bytes from others; get it from ${
      whereToGet(files[0])
    }, check that it is the right one, and say its hash in the experiment as "data": {"sha256": {"${
      files[0].name
    }": "..."}}.`,
  );
}

function allOf({ own, additional }: Selections): readonly Selection[] {
  return own === undefined ? additional : [own, ...additional];
}

function names(files: readonly DataFile[]): string {
  return files.map(({ name }) => `"${name}"`).join(", ");
}
