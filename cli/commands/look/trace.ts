/** The command `trace`: where a file comes from, as text and as JSON. */
import { format as formatBytes } from "@std/fmt/bytes";
import { statIfThere } from "../../../base/stat.ts";
import { inputError, isInputError } from "../../../base/input_error.ts";
import { checkInput, type Refuse } from "../../../base/input_file.ts";
import type { CachedResult, Json } from "../../../schemas/manifest.ts";
import { printable, printableJson } from "../../../base/names.ts";
import { failure } from "../../../engine/files/failure.ts";
import type { Origin } from "../../../engine/graph/graph.ts";
import {
  filesOf,
  hashFile,
  hashListing,
  IrregularFile,
} from "../../../engine/files/hash.ts";
import { readRuns, type RecordedRun } from "../../../engine/store/run_log.ts";
import {
  readCache,
  readKnownManifests,
} from "../../../engine/store/manifest.ts";
import { duration } from "../../../base/durations.ts";
import {
  type Ancestor,
  findBytes,
  findCached,
  lineageOf,
  type Occurrence,
} from "../../../engine/provenance/trace.ts";
import { openWorkspace } from "../../../engine/store/workspace.ts";
import { command } from "../../command.ts";
import { table } from "../../console/table.ts";
import { EXIT } from "../../exit.ts";
import { artifactFolder } from "../../experiment.ts";
import { argument, artifacts, json } from "../../options.ts";

export default command({
  name: "trace",
  group: "look",
  summary: "where a file comes from: node, inputs, data and licences",
  needsPipeline: true,
  arguments: { file: argument("<file>") },
  options: { artifacts, json },
  examples: [
    ["student.safetensors", "the data and licences behind a file"],
  ],
  run: async ({ console, pipeline }, { file, artifacts, json }) => {
    const folder = artifactFolder(artifacts);
    const traced = await contentOf(file);
    const known = readKnownManifests(folder);
    const { store } = openWorkspace(folder);
    const found = findBytes(traced.sha256, known, store);
    const { results } = readCache(folder);
    const runs = readRuns(folder);
    const makings = findCached(traced.sha256, results.values())
      .map((result) => makingOf(result, runs));
    if (found.length === 0 && makings.length === 0) {
      throw failure(
        `Cannot trace "${file}": no manifest, result or run in "${folder}" has its SHA-256, ${traced.sha256}.`,
      );
    }
    const lineage = found.length === 0
      ? []
      : lineageOf(found[0], known, pipeline);
    const files = await namedFiles(lineage);
    const trace = { traced, found: found.map(named), makings, lineage, files };
    console.out(
      (json ? printableJson(traceJson(trace)) : traceText(printable(trace))) +
        "\n",
    );
    return EXIT.done;
  },
});

/** A file or folder, by its content. */
interface Traced {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** When a result was made here. */
interface Making {
  readonly node?: string;
  readonly experiment?: string;
  readonly key: string;
  readonly time: string;
  readonly run?: string;
  readonly seconds?: number;
}

async function contentOf(path: string): Promise<Traced> {
  const refuse = (reason: string) =>
    inputError(`Cannot trace "${path}": ${reason}.`);
  if (statIfThere(path)?.isDirectory !== true) {
    checkInput(path, refuse);
    return { path, ...await hashFile(path) };
  }
  const listing = [];
  for (const file of regularFiles(path, refuse)) {
    listing.push({ path: file, ...await hashFile(`${path}/${file}`) });
  }
  const bytes = listing.reduce((sum, { bytes }) => sum + bytes, 0);
  return { path, sha256: hashListing(listing), bytes };
}

function regularFiles(folder: string, refuse: Refuse): string[] {
  try {
    return filesOf(folder);
  } catch (error) {
    if (error instanceof IrregularFile) {
      throw refuse(error.message.replace(/\.$/, ""));
    }
    throw error;
  }
}

function makingOf(
  { key, time, run, seconds }: CachedResult,
  runs: readonly RecordedRun[],
): Making {
  const record = runs.find((other) => other.run === run);
  const node = runs.find(({ nodes }) => nodes.has(key))?.nodes.get(key);
  return { node, experiment: record?.experiment, key, time, run, seconds };
}

/** A data file that the config of a node names, and whether its content is unchanged. */
interface NamedFile {
  readonly path: string;
  readonly sha256: string;
  readonly now: "same" | "changed" | "missing";
}

async function namedFiles(
  lineage: readonly Ancestor[],
): Promise<NamedFile[]> {
  const files = new Map(lineage.flatMap(({ files }) => Object.entries(files)));
  const named: NamedFile[] = [];
  for (const [path, sha256] of files) {
    const isThere = statIfThere(path) !== undefined;
    const now = !isThere
      ? "missing"
      : await hashIfFile(path) === sha256
      ? "same"
      : "changed";
    named.push({ path, sha256, now });
  }
  return named;
}

/** Undefined if a path that a manifest names is not a regular file here, such as a device. */
async function hashIfFile(path: string): Promise<string | undefined> {
  try {
    return (await contentOf(path)).sha256;
  } catch (error) {
    if (!isInputError(error)) throw error;
    return undefined;
  }
}

/** Where a manifest names the bytes. */
interface Place extends Omit<Occurrence, "known"> {
  readonly experiment: string;
  readonly manifest: string;
}

function named({ known, ...found }: Occurrence): Place {
  const { path, manifest } = known;
  return { ...found, experiment: manifest.experiment.name, manifest: path };
}

interface Trace {
  readonly traced: Traced;
  readonly found: readonly Place[];
  readonly makings: readonly Making[];
  readonly lineage: readonly Ancestor[];
  readonly files: readonly NamedFile[];
}

/** The shape of `trace --json`. */
function traceJson({ traced, found, makings, lineage, files }: Trace): Json {
  return {
    ...traced,
    found: found.map(({ node, output, path, experiment, manifest }) => ({
      node,
      output: output ?? null,
      path: path ?? null,
      experiment,
      manifest,
    })),
    made: makings.map((making) => ({ ...making })),
    lineage: lineage.map(({ origins, inputs, ...ancestor }) => ({
      ...ancestor,
      inputs: inputs.map((input) => ({ ...input })),
      origins: origins.map((origin) => ({ ...origin })),
    })),
    files: files.map((file) => ({ ...file })),
    licences: licencesOf(lineage),
  };
}

function traceText({ traced, found, makings, lineage, files }: Trace): string {
  const { path, sha256, bytes } = traced;
  const origins = originsOf(lineage);
  return [
    `${path}, ${formatBytes(bytes)}, SHA-256 ${sha256}`,
    ...found.map(foundText),
    ...makings.map(makingText),
    ...lineage.length > 0
      ? ["", table([["node", "seed", "key", "made of"], ...lineage.map(row)])]
      : [],
    ...files.length > 0
      ? [
        "",
        table([
          ["data file", "content", "sha256"],
          ...files.map(({ path, now, sha256 }) => [path, NOW[now], sha256]),
        ]),
      ]
      : [],
    ...origins.length > 0
      ? [
        "",
        table([
          ["data", "licence", "from"],
          ...origins.map(({ name, licence, source }) => [
            name,
            licence,
            source,
          ]),
        ]),
        "",
        `Licences: ${licencesOf(lineage).join(", ")}.`,
      ]
      : [],
  ].join("\n");
}

const NOW = {
  same: "as it is now",
  changed: "changed since",
  missing: "not there now",
} as const;

function foundText(
  { node, output, path, experiment, manifest }: Place,
): string {
  const what = output === undefined
    ? `the data file "${path}" of`
    : path === undefined
    ? `the output ${output} of`
    : `"${path}" in the output ${output} of`;
  return `It is ${what} ${node}, experiment "${experiment}", in ${manifest}.`;
}

function makingText(
  { node, experiment, time, run, seconds }: Making,
): string {
  const what = node ?? "a node whose name no record tells";
  const where = run === undefined
    ? "elsewhere, and came here"
    : `in run ${run}`;
  return `Made by ${what}${
    experiment === undefined ? "" : `, experiment "${experiment}"`
  }, ${where} at ${time}${
    seconds === undefined ? "" : `, in ${duration(seconds)}`
  }.`;
}

function row({ node, seed, key, inputs }: Ancestor): string[] {
  const sources = inputs.map(({ node, outputs, isKnown }) => {
    const read = Object.entries(outputs)
      .map(([output, sha256]) => `${output} ${sha256.slice(0, 12)}`);
    return `${node} (${read.join(", ")}${
      isKnown ? "" : "; no manifest tells how it was made"
    })`;
  });
  return [node, String(seed), key.slice(0, 12), sources.join(", ")];
}

/** The origins of all nodes of a lineage, each once. */
function originsOf(lineage: readonly Ancestor[]): Origin[] {
  const all = lineage.flatMap(({ origins }) => origins);
  return [...new Map(all.map((each) => [JSON.stringify(each), each])).values()];
}

function licencesOf(lineage: readonly Ancestor[]): string[] {
  return [...new Set(originsOf(lineage).map(({ licence }) => licence))].sort();
}
