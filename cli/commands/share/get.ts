/** The command `get`: copies what a node of the last run made to a folder of the user's. */
import { dirname, resolve } from "@std/path";
import { format as formatBytes } from "@std/fmt/bytes";
import { inputError } from "../../../base/input_error.ts";
import {
  checkFolder,
  isFree,
  reasonOf,
  type Refuse,
} from "../../../base/input_file.ts";
import { pathIn } from "../../../base/names.ts";
import { removeIfThere } from "../../../engine/files/atomic.ts";
import { explainFullDisk } from "../../../engine/files/failure.ts";
import { copyAndHash, filesOf } from "../../../engine/files/hash.ts";
import {
  openWorkspace,
  type Workspace,
} from "../../../engine/store/workspace.ts";
import { command } from "../../command.ts";
import { withProgress } from "../../console/show_progress.ts";
import { counted } from "../../console/table.ts";
import { EXIT } from "../../exit.ts";
import { artifactFolder } from "../../experiment.ts";
import { argument, artifacts, flag, json, option } from "../../options.ts";
import {
  broken,
  filesOfNode,
  type NodeFile,
} from "../../sharing/node_files.ts";

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
    const files = filesOfNode(workspace, node, "get");
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
            workspace,
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

interface Target {
  /** Absolute, with links resolved. */
  readonly folder: string;
  /** Whether a folder is there, which is replaced. */
  readonly isThere: boolean;
}

/** The folder to write. @throws an input error if it may not be written */
function targetFolder(
  out: string,
  files: readonly NodeFile[],
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
  workspace: Workspace,
  files: readonly NodeFile[],
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
      await copyWhole(workspace, file, to, signal);
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
  workspace: Workspace,
  { node, source, sha256 }: NodeFile,
  to: string,
  signal: AbortSignal,
): Promise<void> {
  let copied: { readonly sha256: string } | undefined;
  try {
    copied = await copyAndHash(source, to, signal);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw broken(workspace, node, "missing");
  }
  if (copied.sha256 !== sha256) throw broken(workspace, node, "damaged");
  using file = Deno.openSync(to);
  file.syncSync();
}
