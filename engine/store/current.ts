/** The current experiment of an artifact folder, the last that was run there, and where it is read from. */
import { basename, join, relative, resolve } from "@std/path";
import { z } from "zod";
import { inputError } from "../../base/input_error.ts";
import { statIfThere } from "../../base/stat.ts";
import { canonical } from "../files/hash.ts";
import { readStateJson, writeState } from "../files/state_file.ts";
import { manifestPath, readManifest } from "./manifest.ts";

const FILE = "current.json";

/** The name of an experiment, the absolute path of its file, and what was set, as `path.to.key=value`. */
const Current = z.object({
  name: z.string(),
  path: z.string(),
  set: z.array(z.string()).optional(),
});
export type Current = z.infer<typeof Current>;

export function currentPath(folder: string): string {
  return join(folder, FILE);
}

export function isCurrent(folder: string, current: Current): boolean {
  const known = readCurrent(folder);
  return known !== undefined && textOf(known) === textOf(current);
}

/** Records where the experiment of the manifest was read from, and what was set. */
export function writeCurrent(folder: string, current: Current): void {
  writeState(folder, FILE, textOf(current));
}

function textOf({ name, path, set = [] }: Current): string {
  return canonical({ name, path, ...set.length > 0 && { set } }) + "\n";
}

/** What was set in the last run of the current experiment, as `path.to.key=value`. */
export function currentSettings(folder: string): readonly string[] {
  const current = readCurrent(folder);
  return current?.name === nameIn(folder, current) ? current?.set ?? [] : [];
}

/**
 * The experiment of an artifact folder's manifest, as a command line names it: a name in the folder `experiments`, its file,
 * or, where it came from elsewhere, the manifest. Undefined before the first run.
 *
 * @throws an input error where its file is not there any more
 */
export function currentExperiment(
  folder: string,
  experiments: string,
): string | undefined {
  const current = readCurrent(folder);
  const name = nameIn(folder, current);
  if (name === undefined) return undefined;
  const named = join(resolve(experiments), `${name}.jsonc`);
  const isElsewhere = current?.name === name && current.path !== named;
  if (!isElsewhere && statIfThere(named)?.isFile) return name;
  if (isElsewhere && statIfThere(current.path) === undefined) {
    // The project may have been moved, or this folder with what it keeps.
    const isNamed = current.path.endsWith(
      `/${basename(experiments)}/${name}.jsonc`,
    );
    if (isNamed && statIfThere(named)?.isFile) return name;
    throw inputError(
      `Cannot read the current experiment "${name}": its file "${current.path}" is not there any more; ` +
        `name its new place with --experiment, or "${
          manifestPath(folder)
        }" for it as it was run.`,
    );
  }
  const path = isElsewhere ? current.path : resolve(manifestPath(folder));
  const below = relative(Deno.cwd(), path);
  return /^\.\.|^\//.test(below) || !below.includes("/") ? path : below;
}

/** The name of the last experiment, also where its manifest is lost or damaged; the next run writes that again. */
function nameIn(
  folder: string,
  current: Current | undefined,
): string | undefined {
  return readManifest(folder)?.experiment.name ?? current?.name;
}

function readCurrent(folder: string): Current | undefined {
  return Current.safeParse(readStateJson(currentPath(folder))).data;
}
