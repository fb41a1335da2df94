/** Committed results of an experiment: `manifest.json`, `results.json`, packed translations and statistics, written atomically and checked when read. */
import { basename, join } from "@std/path";
import { statIfThere } from "../../base/stat.ts";
import {
  jsonIfValid,
  namesIn,
  readIfThere,
  reasonOf,
  removeIfThere,
  writeAtomically,
} from "../../engine/files/atomic.ts";
import { changedInput } from "../../engine/provenance/coherence.ts";
import { explainFullDisk, failure } from "../../engine/files/failure.ts";
import { canonical, sha256 } from "../../engine/files/hash.ts";
import { committedFolders } from "../../engine/store/manifest.ts";
import { keyOf } from "../../engine/keys/key.ts";
import { inputError, parse } from "../../base/input_error.ts";
import {
  type Json,
  type Manifest,
  parseManifest,
} from "../../schemas/manifest.ts";
import { commandInFolder } from "../../engine/store/command_to_run.ts";
import { isPathName } from "../../base/names.ts";
import { Results, RESULTS_SCHEMA } from "../../schemas/results.ts";
import {
  manifestHash,
  nodesOf,
  type Saved,
  systemsIn,
  withComparedAnew,
} from "./gather.ts";
import type { Packed } from "./packed.ts";
import { otherThanPlanned } from "./recorded_plan.ts";

const [MANIFEST, RESULTS] = ["manifest.json", "results.json"];

export function committedFolder(artifacts: string, experiment: string): string {
  return join(artifacts, "results", experiment);
}

/** The experiments whose results are committed, by name. */
export function committedNames(artifacts: string): string[] {
  return committedFolders(artifacts).map((folder) => basename(folder));
}

/** Writes the files in full elsewhere first; what a kill may leave between two renames is refused when read. */
export function saveResults(
  artifacts: string,
  { results, manifest }: Saved,
  { files }: Pick<Packed, "files"> = { files: new Map() },
): void {
  const folder = committedFolder(artifacts, results.experiment);
  const wrong = otherThanPlanned(
    withComparedAnew(manifest, results.comparedAnew),
  );
  if (wrong !== undefined) {
    throw failure(
      `Cannot save results to "${folder}": ${wrong}; run that node anew with --force.`,
    );
  }
  const staging = `${folder}.${Deno.pid}.tmp`;
  try {
    writeAtomically(join(staging, MANIFEST), canonical(manifest) + "\n");
    writeAtomically(join(staging, RESULTS), resultsText(results));
    for (const [name, bytes] of files) {
      Deno.writeFileSync(join(staging, name), bytes);
    }
    Deno.mkdirSync(folder, { recursive: true });
    for (const file of [...files.keys(), MANIFEST, RESULTS]) {
      Deno.renameSync(join(staging, file), join(folder, file));
    }
    for (const old of namesIn(folder)) {
      const isStale = old.endsWith(".jsonl.gz") && !files.has(old);
      if (isStale) removeIfThere(join(folder, old));
    }
  } catch (error) {
    const explained = explainFullDisk(error, folder);
    throw explained === error
      ? inputError(
        `Cannot save results to "${folder}": ${
          reasonOf(error)
        }; make it a folder that can be written to.`,
      )
      : explained;
  } finally {
    removeIfThere(staging);
  }
}

/** The committed results of an experiment, or undefined where there are none; an input error where they do not hold together. */
export function readResults(
  artifacts: string,
  experiment: string,
): Saved | undefined {
  // Another name would lead out of the folder of results.
  if (!isPathName(experiment)) return undefined;
  const folder = committedFolder(artifacts, experiment);
  if (statIfThere(folder)?.isDirectory !== true) return undefined;
  const refuse = (reason: string) =>
    inputError(
      `Cannot use the committed results in "${folder}": ${reason}; restore its files with git, or save them anew ` +
        `with "${
          commandInFolder(artifacts, ["results", "--save"])
        }" after a run of it.`,
    );
  const read = (file: string) => {
    const text = readIfThere(join(folder, file));
    if (text === undefined) throw refuse(`${file} is missing`);
    const value = jsonIfValid(text);
    if (value === undefined) throw refuse(`${file} is no JSON`);
    return { text, value };
  };
  const manifestFile = read(MANIFEST);
  const resultsFile = read(RESULTS);
  const schema = schemaOf(resultsFile.value);
  if (typeof schema === "number" && schema > RESULTS_SCHEMA) {
    throw inputError(
      `Cannot read "${
        join(folder, RESULTS)
      }": it has schema ${schema}, written by a newer version, and this one knows ` +
        `up to ${RESULTS_SCHEMA}; update the project.`,
    );
  }
  const manifest = parseManifest(manifestFile.text, join(folder, MANIFEST));
  const { sha256: digest, ...results } = parse(
    Committed,
    resultsFile.value,
    `"${join(folder, RESULTS)}"`,
  );
  const wrong = wrongWith(manifest, results, experiment) ??
    (digest === digestOf(results)
      ? undefined
      : `${RESULTS} was changed after it was saved`);
  if (wrong !== undefined) throw refuse(wrong);
  return { results, manifest };
}

/** With the SHA-256 of all the rest: what was measured is in no manifest. */
const Committed = Results.extend({ sha256: Results.shape.manifest });

function resultsText(results: Results): string {
  return indented({ ...results, sha256: digestOf(results) }, 2) + "\n";
}

/** What keeps the results from being those of the manifest, or undefined. */
function wrongWith(
  manifest: Manifest,
  results: Results,
  experiment: string,
): string | undefined {
  for (const name of [manifest.experiment.name, results.experiment]) {
    if (name !== experiment) {
      return `expected those of "${experiment}", found those of "${name}"`;
    }
  }
  const nodes = new Map(Object.entries(manifest.nodes));
  for (const [name, node] of nodes) {
    if (keyOf(node.preimage) !== node.key) {
      return `the key of node "${name}" is not that of its preimage`;
    }
    const source = changedInput(node, nodes);
    if (source !== undefined) {
      return `node "${name}" was made of another "${source}"`;
    }
  }
  for (const name of Object.keys(results.comparedAnew ?? {})) {
    if (nodes.get(name)?.preimage.stage === "compare") continue;
    return `${RESULTS} compares "${name}" anew, which is no comparison of its manifest`;
  }
  const unplanned = otherThanPlanned(
    withComparedAnew(manifest, results.comparedAnew),
  );
  if (unplanned !== undefined) return unplanned;
  const difference = firstDifference(
    "systems",
    plain(systemsIn(manifest, results, nodesOf(results.systems))),
    plain(results.systems),
  );
  if (difference !== undefined) {
    const { path, expected, found } = difference;
    return `${path} in ${RESULTS} is ${found}, and ${expected} by its manifest and what was measured`;
  }
  return manifestHash(manifest) === results.manifest
    ? undefined
    : `${MANIFEST} is not the one that ${RESULTS} was saved with`;
}

interface Difference {
  readonly path: string;
  readonly expected: string;
  readonly found: string;
}

function firstDifference(
  path: string,
  expected: Json | undefined,
  found: Json | undefined,
): Difference | undefined {
  if (!isNested(expected) || !isNested(found)) {
    const show = (value: Json | undefined) => JSON.stringify(value) ?? "absent";
    return show(expected) === show(found)
      ? undefined
      : { path, expected: show(expected), found: show(found) };
  }
  const [ours, theirs] = [expected, found].map((value) =>
    new Map(Object.entries(value))
  );
  for (const key of new Set([...ours.keys(), ...theirs.keys()])) {
    const inner = `${path}.${key}`;
    const difference = firstDifference(inner, ours.get(key), theirs.get(key));
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function isNested(
  value: Json | undefined,
): value is Exclude<Json, null | boolean | number | string> {
  return typeof value === "object" && value !== null;
}

/** As it is once it was written and read. */
function plain(value: unknown): Json {
  return JSON.parse(JSON.stringify(value));
}

function digestOf(results: Results): string {
  return sha256(canonical(plain(results)));
}

function schemaOf(value: unknown): unknown {
  return typeof value === "object" && value !== null && "schema" in value
    ? value.schema
    : undefined;
}

/** JSON with a line for each value down to a depth: changes can be read, and a curve is one line. */
function indented(value: unknown, depth: number, indent = ""): string {
  if (typeof value !== "object" || value === null || depth === 0) {
    return JSON.stringify(value);
  }
  const inner = indent + "  ";
  const isList = Array.isArray(value);
  const lines = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .map(([key, item]) =>
      inner + (isList ? "" : `${JSON.stringify(key)}: `) +
      indented(item, depth - 1, inner)
    );
  const [open, close] = isList ? "[]" : "{}";
  return lines.length === 0
    ? open + close
    : `${open}\n${lines.join(",\n")}\n${indent}${close}`;
}
