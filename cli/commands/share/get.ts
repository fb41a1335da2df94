/** The command `get`: copies what a node of the last run made to a folder of the user's. */
import { dirname, join, resolve } from "@std/path";
import { format as formatBytes } from "@std/fmt/bytes";
import { inputError, suggestion } from "../../../base/input_error.ts";
import {
  checkFolder,
  isFree,
  reasonOf,
  type Refuse,
} from "../../../base/input_file.ts";
import { SUBWORDS, subwordsOf } from "../../../schemas/subwords.ts";
import { pathIn } from "../../../base/names.ts";
import {
  jsonIfValid,
  readIfThere,
  removeIfThere,
} from "../../../engine/files/atomic.ts";
import { explainFullDisk, failure } from "../../../engine/files/failure.ts";
import { copyAndHash, filesOf, sha256 } from "../../../engine/files/hash.ts";
import {
  openWorkspace,
  type Workspace,
} from "../../../engine/store/workspace.ts";
import { type Artifact, Listing } from "../../../schemas/manifest.ts";
import { command } from "../../command.ts";
import { withProgress } from "../../console/show_progress.ts";
import { counted } from "../../console/table.ts";
import { EXIT } from "../../exit.ts";
import { artifactFolder } from "../../experiment.ts";
import { argument, artifacts, flag, json, option } from "../../options.ts";

export default command({
  name: "get",
  group: "share",
  summary: "copies what a node made to a folder, such as an exported model",
  needsPipeline: false,
  arguments: { node: argument("<node>", "a node, or NODE/OUTPUT") },
  options: {
    out: option<string>("<folder>", "a new folder", { isRequired: true }),
    force: flag("replaces a folder that has no other files than these"),
    artifacts,
    json,
  },
  examples: [
    ["export:rkd --out model", "ready to load, to publish or to change"],
    ["student:rkd/model --out weights", "one output of a node"],
  ],
  run: async (context, { node, out, force, artifacts, json }) => {
    const { console } = context;
    const workspace = openWorkspace(artifactFolder(artifacts));
    const files = filesToGet(workspace, node);
    const target = targetFolder(out, files, force);
    const signal = context.interruption();
    try {
      await withProgress(
        console,
        { json },
        { name: "get", does: "copying", unseenSeconds: 2 },
        ({ progress }) => {
          const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
          return copyFiles(
            files,
            target,
            signal,
            (done) => progress({ done, total, unit: "bytes" }),
          );
        },
      );
    } catch (error) {
      if (!signal.aborted) throw explainFullDisk(error, out);
      console.err(`Interrupted; "${out}" is as it was.\n`);
      return EXIT.interrupted;
    }
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    const paths = files.map(({ path }) => path);
    console.out(
      json
        ? JSON.stringify({ node, out, bytes, files: paths }) + "\n"
        : `Copied "${node}" to "${out}": ${counted(files.length, "file")} of ${
          formatBytes(bytes)
        }.\n`,
    );
    return EXIT.done;
  },
});

/** A file of an artifact and where it goes below the user's folder. */
interface Wanted {
  readonly node: string;
  readonly source: string;
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** The files of a node's outputs by their names; those of a folder that is the only output, without its name. */
function filesToGet(workspace: Workspace, wanted: string): Wanted[] {
  const outputs = outputsNamed(workspace, wanted);
  return outputs.flatMap(({ node, name, artifact }) => {
    const source = workspace.store.path(artifact);
    if (!artifact.folder) {
      const path = name + (EXTENSIONS[artifact.mediaType] ?? "");
      const { sha256, bytes } = artifact;
      return [{ node, source, path, sha256, bytes }];
    }
    const text = readIfThere(workspace.store.listingPath(artifact));
    if (text === undefined) throw broken(node, "missing");
    const listing = Listing.safeParse(jsonIfValid(text)).data;
    if (listing === undefined || sha256(text) !== artifact.sha256) {
      throw broken(node, "damaged");
    }
    const prefix = outputs.length === 1 ? "" : `${name}/`;
    return listing.map((file) => ({
      ...file,
      node,
      source: join(source, file.path),
      path: prefix + file.path,
    }));
  });
}

const EXTENSIONS: Readonly<Record<string, string>> = {
  "application/json": ".json",
  "application/vnd.safetensors": ".safetensors",
  "text/plain": ".txt",
  "text/tab-separated-values": ".tsv",
};

interface NamedOutput {
  readonly node: string;
  readonly name: string;
  readonly artifact: Artifact;
}

/** The outputs that NODE or NODE/OUTPUT means; a model comes with the subwords that it needs. */
function outputsNamed(
  { manifest, folder }: Workspace,
  wanted: string,
): NamedOutput[] {
  const nodes = manifest?.nodes ?? {};
  const of = (node: string): NamedOutput[] =>
    Object.entries(nodes[node]?.outputs ?? {})
      .map(([name, artifact]) => ({ node, name, artifact }));
  if (nodes[wanted] !== undefined) {
    const found = of(wanted);
    const subwords = subwordsOf(nodes, wanted);
    return [
      ...found,
      ...subwords === undefined
        ? []
        : of(subwords).filter(({ name }) => name === SUBWORDS),
    ];
  }
  const all = Object.keys(nodes).flatMap(of);
  const one = all.filter(({ node, name }) => `${node}/${name}` === wanted);
  if (one.length > 0) return one;
  const names = [
    ...Object.keys(nodes),
    ...all.map(({ node, name }) => `${node}/${name}`),
  ];
  const hint = suggestion(wanted, names).replace(/\?$/, "") ||
    `; there are ${Object.keys(nodes).join(", ") || "none"}`;
  throw inputError(
    `Cannot get "${wanted}": it is no node of the last run in "${folder}"${hint}.`,
  );
}

interface Target {
  /** Absolute, with links resolved. */
  readonly folder: string;
  /** Whether a folder is there, which is replaced. */
  readonly isThere: boolean;
}

/** The folder to write. @throws an input error if it may not be written */
function targetFolder(
  out: string,
  files: readonly Wanted[],
  force: boolean,
): Target {
  const refuse = (reason: string) =>
    inputError(`Cannot write to "${out}": ${reason}.`);
  const another = (reason: string) => refuse(`${reason}; name a new folder`);
  checkFolder(out, another);
  if (isFree(out, another)) return { folder: resolve(out), isThere: false };
  const there = filesIn(out, another);
  const names = new Set(files.map(({ path }) => path));
  const other = there.find((path) => !names.has(path));
  if (other !== undefined) {
    throw another(`it has other files, such as "${other}"`);
  }
  if (there.length > 0 && !force) {
    throw refuse("these files are there already; replace them with --force");
  }
  const folder = Deno.realPathSync(out);
  // A shell would stay in the folder that was, and see nothing.
  if (`${Deno.realPathSync(".")}/`.startsWith(`${folder}/`)) {
    throw another("you are in this folder, which would be replaced");
  }
  return { folder, isThere: true };
}

function filesIn(folder: string, refuse: Refuse): string[] {
  try {
    return filesOf(folder);
  } catch (error) {
    throw refuse(reasonOf(error));
  }
}

/** Copies the files beside their folder, compares their hashes, then renames: all are there, or none. */
async function copyFiles(
  files: readonly Wanted[],
  { folder, isThere }: Target,
  signal: AbortSignal,
  report: (bytes: number) => void,
): Promise<void> {
  const temporary = `${folder}.${crypto.randomUUID()}.tmp`;
  const replaced = `${folder}.${crypto.randomUUID()}.tmp`;
  makeFolder(temporary);
  try {
    let done = 0;
    for (const file of files) {
      const to = pathIn(temporary, file.path);
      Deno.mkdirSync(dirname(to), { recursive: true });
      await copyWhole(file, to, signal);
      report(done += file.bytes);
    }
    if (isThere) Deno.renameSync(folder, replaced);
    try {
      Deno.renameSync(temporary, folder);
    } catch (error) {
      if (isThere) Deno.renameSync(replaced, folder);
      throw error;
    }
    removeIfThere(replaced);
  } finally {
    removeIfThere(temporary);
  }
}

function makeFolder(path: string): void {
  try {
    Deno.mkdirSync(path, { recursive: true });
  } catch (error) {
    throw inputError(
      `Cannot write to "${dirname(path)}": ${
        reasonOf(error)
      }; name another folder.`,
    );
  }
}

async function copyWhole(
  { node, source, sha256 }: Wanted,
  to: string,
  signal: AbortSignal,
): Promise<void> {
  let copied: { readonly sha256: string } | undefined;
  try {
    copied = await copyAndHash(source, to, signal);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw broken(node, "missing");
  }
  if (copied.sha256 !== sha256) throw broken(node, "damaged");
  using file = Deno.openSync(to);
  file.syncSync();
}

function broken(node: string, condition: string): Error {
  return failure(
    `Cannot copy what "${node}" made: it is ${condition} in the artifact folder; make it again with "deno task pipeline run --force ${node}".`,
  );
}
