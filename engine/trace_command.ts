/** The command trace: where a file comes from, told to people and to scripts. */
import { format as formatBytes } from "@std/fmt/bytes";
import { inputError } from "../schemas/errors.ts";
import type { CachedResult, Json } from "../schemas/manifest.ts";
import { statIfThere } from "./atomic.ts";
import {
  artifactFolder,
  type Command,
  type CommonOptions,
  EXIT,
} from "./commands.ts";
import { failure } from "./failure.ts";
import type { Origin } from "./graph.ts";
import { filesOf, hashFile, hashListing } from "./hash.ts";
import { readRuns, type RecordedRun } from "./history.ts";
import { readCache } from "./manifest.ts";
import { duration } from "./time.ts";
import { table } from "./report.ts";
import {
  type Ancestor,
  findBytes,
  findCached,
  type Found,
  knownManifests,
  lineageOf,
} from "./trace.ts";
import { openWorkspace } from "./workspace.ts";

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

export async function traceCommand(
  { pipeline, console }: Pick<Command, "pipeline" | "console">,
  path: string,
  options: Pick<CommonOptions, "artifacts" | "json">,
): Promise<number> {
  const folder = artifactFolder(options.artifacts);
  const traced = await contentOf(path);
  const known = knownManifests(folder);
  const { store } = openWorkspace(folder);
  const found = findBytes(traced.sha256, known, store);
  const { results } = readCache(folder);
  const runs = readRuns(folder);
  const makings = findCached(traced.sha256, results.values())
    .map((result) => makingOf(result, runs));
  if (found.length === 0 && makings.length === 0) {
    throw failure(
      `Cannot trace "${path}": no manifest, result or run in "${folder}" has its SHA-256, ${traced.sha256}.`,
    );
  }
  const lineage = found.length === 0
    ? []
    : lineageOf(found[0], known, pipeline);
  const files = await namedFiles(lineage);
  const told = { traced, found, makings, lineage, files };
  console.out(
    (options.json ? JSON.stringify(traceJson(told)) : traceText(told)) + "\n",
  );
  return EXIT.done;
}

async function contentOf(path: string): Promise<Traced> {
  const info = statIfThere(path);
  if (info === undefined) {
    throw inputError(`Cannot trace "${path}": there is no such file.`);
  }
  if (!info.isDirectory) return { path, ...await hashFile(path) };
  const listing = [];
  for (const file of filesOf(path)) {
    listing.push({ path: file, ...await hashFile(`${path}/${file}`) });
  }
  const bytes = listing.reduce((sum, { bytes }) => sum + bytes, 0);
  return { path, sha256: hashListing(listing), bytes };
}

function makingOf(
  { key, time, run, seconds }: CachedResult,
  runs: readonly RecordedRun[],
): Making {
  const record = runs.find((other) => other.run === run);
  const node = runs.find(({ nodes }) => nodes.has(key))?.nodes.get(key);
  return { node, experiment: record?.experiment, key, time, run, seconds };
}

/** A data file that the config of a node names, and whether its content is what it was. */
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
      : (await contentOf(path)).sha256 === sha256
      ? "same"
      : "changed";
    named.push({ path, sha256, now });
  }
  return named;
}

interface Told {
  readonly traced: Traced;
  readonly found: readonly Found[];
  readonly makings: readonly Making[];
  readonly lineage: readonly Ancestor[];
  readonly files: readonly NamedFile[];
}

/** The shape of `trace --json`. */
function traceJson({ traced, found, makings, lineage, files }: Told): Json {
  return {
    ...traced,
    found: found.map(({ known, node, output, path }) => ({
      node,
      output: output ?? null,
      path: path ?? null,
      experiment: known.manifest.experiment.name,
      manifest: known.path,
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

function traceText({ traced, found, makings, lineage, files }: Told): string {
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

function foundText({ known, node, output, path }: Found): string {
  const what = output === undefined
    ? `the data file "${path}" of`
    : path === undefined
    ? `the output ${output} of`
    : `"${path}" in the output ${output} of`;
  return `It is ${what} ${node}, experiment "${known.manifest.experiment.name}", in ${known.path}.`;
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

/** Each once, though several nodes of a lineage bring it in. */
function originsOf(lineage: readonly Ancestor[]): Origin[] {
  const all = lineage.flatMap(({ origins }) => origins);
  return [...new Map(all.map((each) => [JSON.stringify(each), each])).values()];
}

function licencesOf(lineage: readonly Ancestor[]): string[] {
  return [...new Set(originsOf(lineage).map(({ licence }) => licence))].sort();
}
