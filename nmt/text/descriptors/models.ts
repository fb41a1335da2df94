/** Reads the descriptors of public models, of `data/models/` or the user's own. */
import { fromFileUrl, join, relative } from "@std/path";
import { inputError, parse, suggestion } from "../../../base/input_error.ts";
import { ModelDescriptor } from "../../../schemas/model_descriptor.ts";
import { checkReadable } from "../formats/lines.ts";
import type { ChecksummedFile } from "./checksums.ts";
import type { Copies } from "./descriptors.ts";

const FOLDER = fromFileUrl(new URL("../../../data/models", import.meta.url));

/**
 * The file of a descriptor: of `data/models/` by its name, from the working directory, or the user's own by its path.
 *
 * @throws An input error for a name that no descriptor has.
 */
export function modelDescriptorFile(name: string): string {
  const path = pathOf(name);
  if (path === name) {
    checkReadable([name]);
    return path;
  }
  const known = modelDescriptorNames();
  if (known.includes(name)) return path;
  throw inputError(
    `Cannot import model "${name}": it is no folder, and data/models/ has no such descriptor${
      suggestion(name, known) || `, known are ${known.join(", ")}.`
    }`,
  );
}

/** A descriptor's file as a stage names it, whether it is there or not. */
function pathOf(name: string): string {
  return name.endsWith(".json")
    ? name
    : relative(Deno.cwd(), join(FOLDER, `${name}.json`));
}

/** The names of the descriptors in `data/models/`. */
export function modelDescriptorNames(): string[] {
  return [...Deno.readDirSync(FOLDER)]
    .filter(({ name }) => name.endsWith(".json"))
    .map(({ name }) => name.slice(0, -".json".length)).sort();
}

/** What a descriptor says; it is read from its copy, where there is one. */
export function readModelDescriptor(
  name: string,
  copies: Copies = {},
): ModelDescriptor {
  const text = Deno.readTextFileSync(
    copies[pathOf(name)] ?? modelDescriptorFile(name),
  );
  try {
    return parse(ModelDescriptor, JSON.parse(text), `descriptor "${name}"`);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw inputError(
      `Cannot use descriptor "${name}": it is no JSON (${error.message}).`,
    );
  }
}

/** The files of a described model, to be fetched. */
export function filesOfModel(
  { name, files }: ModelDescriptor,
): ChecksummedFile[] {
  return files.flatMap(({ made: _, sha256, ...file }) =>
    sha256 === undefined ? [] : [{ ...file, sha256, set: name }]
  );
}
