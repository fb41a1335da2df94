/** Makes one stale node: runs its stage, moves the outputs into the store, caches the result under its key. */
import { dirname, join, relative, resolve } from "@std/path";
import { ifThere, lstatIfThere } from "../../base/stat.ts";
import {
  type Artifact,
  contentOf,
  type Listing,
} from "../../schemas/manifest.ts";
import { isInputError } from "../../base/input_error.ts";
import { irregular } from "../../base/input_file.ts";
import { isPathInside, printable } from "../../base/names.ts";
import {
  isFull,
  namesIn,
  readIfThere,
  reasonOf,
  removeAtomically,
  removeIfThere,
} from "../files/atomic.ts";
import { possibleHashes } from "../keys/module_hash.ts";
import { explainFullDisk, failure, isFailure } from "../files/failure.ts";
import { filesUnder } from "../files/disk.ts";
import {
  canonical,
  copyAndHash,
  filesOf,
  hashListing,
  IrregularFile,
} from "../files/hash.ts";
import { stagedName } from "../store/checkpoints.ts";
import { piecesBefore, readRuns, type RunLog } from "../store/run_log.ts";
import { outputsRead } from "../graph/inputs.ts";
import { short } from "../keys/key.ts";
import { readCached, writeCached } from "../store/manifest.ts";
import type { Executor, Job, StageRun } from "../executors/executor.ts";
import type { Assessment, Result } from "./plan.ts";
import { STAGE_PROCESS } from "../executors/process.ts";
import type { NodeReport, Watcher } from "./node_record.ts";
import { onCancelRequest } from "../store/cancellation.ts";
import { openRunningFile } from "./running.ts";
import { deniedAccess } from "../executors/stage_permissions.ts";
import {
  makeFolder,
  makeRemovable,
  moveUnlessFile,
  readState,
  writeState,
} from "../files/state_file.ts";
import { refresh, type Workspace } from "../store/workspace.ts";

export interface MakeOptions {
  readonly executor: Executor;
  readonly runLog: RunLog;
  /** The outputs of an input node. */
  readonly outputs: (name: string) => Result["outputs"] | undefined;
  readonly watcher: Watcher;
  readonly signal?: AbortSignal;
}

/** Runs a stale node; undefined if it was interrupted. Its checkpoints are kept until it has run. */
export async function makeNode(
  workspace: Workspace,
  assessment: Assessment,
  { executor, runLog, outputs, watcher, signal: given }: MakeOptions,
): Promise<NodeReport | undefined> {
  const { node, key, reasons, described } = assessment;
  if (key === undefined) {
    throw new Error(`Node "${node.name}" has inputs that were not made.`);
  }
  const report = { name: node.name, reasons, key };
  const began = performance.now();
  const seconds = () => Math.round(performance.now() - began) / 1000;
  runLog.append({
    event: "node-start",
    time: new Date().toISOString(),
    name: node.name,
    key,
    reasons,
  });
  const folder = join(workspace.folder, "work", key);
  // What an earlier run left was cut off.
  const before = lstatIfThere(folder) === undefined
    ? 0
    : piecesBefore(readRuns(workspace.folder), key, runLog.run)
      .reduce((sum, piece) => sum + piece.seconds, 0);
  const logPath = runLog.logPath(node.name);
  let peakMemoryBytes: number | undefined;
  try {
    makeFolder(workspace.folder, join("work", key));
    using running = openRunningFile(workspace.folder, key);
    const stop = new AbortController();
    using _request = onCancelRequest(
      workspace.folder,
      runLog.run,
      node.name,
      () => stop.abort(),
    );
    const signals = [stop.signal, ...given === undefined ? [] : [given]];
    const signal = AbortSignal.any(signals);
    moveUnlessFile(join(folder, "lock"));
    makeRemovable(folder);
    const files = await copyFiles(assessment, folder, signal);
    if (files === undefined) return undefined;
    const job = jobOf(workspace, assessment, folder, outputs, files);
    const { opened } = await workspace.code.stage(node.stage.module);
    if (dropsCheckpoint(workspace, key, job, opened)) {
      watcher.notice(
        `${node.name}: starts anew, as what its checkpoint was made of has been replaced since.`,
      );
    }
    const changed = new AbortController();
    const checkCode = async () => {
      const now = await refresh(workspace).code.stage(node.stage.module);
      if (now.hash !== described.preimage.code) changed.abort();
    };
    let unreadable: unknown;
    const stageRun = await executor.run(node, job, {
      project: workspace.project,
      code: () => executedCode(workspace, described),
      opened,
      logPath,
      signal: AbortSignal.any([changed.signal, signal]),
      listener: {
        ready: async () => {
          try {
            await checkCode();
          } catch (error) {
            unreadable = error;
            changed.abort();
          }
        },
        progress: (progress) => {
          running.update(progress);
          watcher.progress(node.name, progress);
        },
        log: (line) => watcher.log(node.name, line),
        waiting: () =>
          watcher.notice(
            `${node.name}: waiting for the process of an earlier run, which was killed, to end.`,
          ),
      },
    });
    if (unreadable !== undefined) throw unreadable;
    if (changed.signal.aborted) {
      throw failure(
        `The code of stage "${node.stage.name}" was changed while its process started; run again.`,
      );
    }
    makeRemovable(folder);
    peakMemoryBytes = stageRun.peakMemoryBytes;
    const { outcome } = stageRun;
    if (outcome.kind === "interrupted") {
      if (outcome.isSaved) {
        watcher.notice(`${node.name}: stopped, and has saved a checkpoint.`);
      }
      return undefined;
    }
    if (outcome.kind !== "done") {
      throw errorOf(workspace, assessment, outcome, logPath);
    }
    const { metrics, measurements } = outcome;
    await checkRead(workspace, assessment, outputs);
    const made = await storeOutputs(workspace, assessment, job);
    warnIfDifferent(workspace, key, made, node.name, watcher);
    const own = seconds();
    const result = {
      ...{ outputs: made, metrics, measurements },
      seconds: Math.round(1000 * (before + own)) / 1000,
    };
    const time = new Date().toISOString();
    writeCached(workspace.folder, { key, run: runLog.run, time, ...result });
    removeIfThere(folder);
    // What a remote gave of it before it was made here.
    removeIfThere(join(workspace.folder, "work", `${stagedName(key)}.tmp`));
    runLog.append({
      event: "node",
      time,
      name: node.name,
      state: "ran",
      key,
      seconds: own,
      metrics,
      measurements,
      peakMemoryBytes: peakMemoryBytes ?? null,
    });
    return { ...report, ...result, state: "ran", time };
  } catch (thrown) {
    const error = explainFullDisk(thrown, workspace.folder);
    if (!isInputError(error) && !isFailure(error)) throw error;
    runLog.append({
      event: "node",
      time: new Date().toISOString(),
      name: node.name,
      state: "failed",
      key,
      seconds: seconds(),
      error: error.message,
      peakMemoryBytes: peakMemoryBytes ?? null,
    });
    return {
      ...report,
      state: "failed",
      seconds: seconds(),
      outputs: {},
      metrics: {},
      measurements: {},
      error: { message: error.message, input: isInputError(error) },
    };
  } finally {
    removeIfThere(join(folder, "files"));
  }
}

/**
 * Removes the checkpoint if an input, or a file that the stage opens by itself, was replaced since the node last started:
 * the checkpoint may depend on other bytes. Returns whether it did.
 */
function dropsCheckpoint(
  { folder }: Workspace,
  key: string,
  job: Job,
  opened: readonly string[],
): boolean {
  const inputs = Object.values(job.inputs)
    .flatMap((paths) => Object.values(paths));
  const sources = canonical(
    [...inputs, ...opened].flatMap(filesUnder)
      .map(({ identity, bytes, written, changed }) => [
        identity,
        bytes,
        written,
        changed,
      ]),
  );
  const name = join("work", key, "sources.json");
  const recorded = readState(join(folder, name));
  const isSame = recorded !== undefined &&
    withoutDevices(recorded) === withoutDevices(sources);
  const work = join("work", key, "work");
  const drops = !isSame && namesIn(join(folder, work)).length > 0;
  if (drops) removeAtomically(join(folder, work));
  makeFolder(folder, work);
  if (!isSame) writeState(folder, name, sources);
  return drops;
}

/** A device has another number on another machine, and where a disk is mounted again; files have theirs. */
function withoutDevices(sources: string): string {
  return sources.replaceAll(/"\d+:(\d+)"/g, '"$1"');
}

/** @throws a failure if something that the stage may have read no longer has the content that is in the key */
async function checkRead(
  workspace: Workspace,
  { node, described }: Assessment,
  outputs: (name: string) => Result["outputs"] | undefined,
): Promise<void> {
  const refuse = (what: string) =>
    failure(
      `Cannot keep the result of node "${node.name}": ${what} while it ran; run again.`,
    );
  for (const [input, source] of Object.entries(node.inputs)) {
    for (const name of outputsRead(node.stage, input) ?? []) {
      const artifact = outputs(source)?.[name];
      const condition = artifact && await workspace.store.check(artifact);
      if (condition === "whole") continue;
      throw refuse(`output ${name} of "${source}" was lost or damaged`);
    }
  }
  // Modules are read when the process starts; files that the code opens may be read at any time.
  const { opened } = await workspace.code.stage(node.stage.module);
  for (const path of opened) {
    const name = relative(workspace.project.root, path);
    const bytes = ifThere(() => Deno.readFileSync(path));
    const hashes = bytes === undefined ? [] : await possibleHashes(bytes, path);
    if (hashes.includes(described.code.modules[name])) continue;
    throw refuse(`"${name}" was changed`);
  }
}

/** The modules of a stage and of its process, and what both need to resolve imports. */
async function executedCode(
  { code, project: { root } }: Workspace,
  described: Assessment["described"],
): Promise<string[]> {
  const engine = await code.graph([join(root, STAGE_PROCESS)]);
  return [
    ...Object.keys(described.code.modules).map((path) => join(root, path)),
    ...engine.keys(),
    ...["deno.json", "deno.lock", "node_modules"].map((name) =>
      join(root, name)
    ),
  ];
}

function jobOf(
  workspace: Workspace,
  { node }: Assessment,
  folder: string,
  outputs: (name: string) => Result["outputs"] | undefined,
  files: Job["files"],
): Job {
  const inputs: Record<string, Record<string, string>> = {};
  for (const [input, source] of Object.entries(node.inputs)) {
    inputs[input] = {};
    for (const name of outputsRead(node.stage, input) ?? []) {
      const artifact = outputs(source)?.[name];
      if (artifact === undefined) {
        throw new Error(`Node "${source}" has no output "${name}".`);
      }
      inputs[input][name] = workspace.store.path(artifact);
    }
  }
  const outputFolder = join(folder, "outputs");
  return {
    config: node.config,
    seed: node.seed,
    inputs,
    files,
    outputs: Object.fromEntries(
      Object.entries(node.stage.outputs).map(([name, output]) => [name, {
        path: join(outputFolder, output.path),
        folder: output.folder ?? false,
      }]),
    ),
    outputFolder,
    work: join(folder, "work"),
    lock: join(folder, "lock"),
  };
}

/**
 * Copies the user's data files into the node's folder; undefined if it was interrupted.
 *
 * @throws a failure if a copy does not have the content that is in the key, as a file may change at any moment
 */
async function copyFiles(
  { node, described: { preimage }, paths }: Assessment,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<Record<string, string> | undefined> {
  const copies = join(folder, "files");
  removeIfThere(copies);
  if (Object.keys(preimage.files).length === 0) return {};
  Deno.mkdirSync(copies, { recursive: true });
  const files: Record<string, string> = {};
  for (const [name, expected] of Object.entries(preimage.files)) {
    const path = paths[name];
    const copy = join(copies, String(Object.keys(files).length));
    let found: string;
    try {
      found = await copyContent(resolve(path), copy, signal);
    } catch (error) {
      if (signal?.aborted) return undefined;
      if (isFull(error)) throw error;
      throw failure(
        `Cannot read "${path}", which the config of node "${node.name}" names: ${
          reasonOf(error)
        }.`,
      );
    }
    if (found !== expected) {
      throw failure(
        `Cannot make node "${node.name}": "${path}" was changed since the run began, expected SHA-256 ${
          short(expected)
        }, found ${short(found)}; run again.`,
      );
    }
    files[path] = copy;
  }
  return files;
}

/** Copies a file or a folder, and returns the content of the copy as in a preimage. */
async function copyContent(
  from: string,
  to: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const info = Deno.statSync(from);
  if (!info.isDirectory) {
    if (!info.isFile) throw new Error(irregular(info));
    return contentOf(await copyAndHash(from, to, signal));
  }
  const listing: Listing = [];
  Deno.mkdirSync(to);
  for (const path of filesOf(from)) {
    Deno.mkdirSync(dirname(join(to, path)), { recursive: true });
    const copied = await copyAndHash(join(from, path), join(to, path), signal);
    listing.push({ path, ...copied });
  }
  return contentOf({ sha256: hashListing(listing), folder: true });
}

/** Moves each declared output into the store. @throws a failure if one is missing or something else was written */
async function storeOutputs(
  workspace: Workspace,
  { node }: Assessment,
  job: Job,
): Promise<Record<string, Artifact>> {
  const declared = Object.entries(node.stage.outputs);
  for (const [name, { path, folder }] of declared) {
    const info = lstatIfThere(join(job.outputFolder, path));
    if (folder ? info?.isDirectory : info?.isFile) continue;
    throw failure(
      `Stage "${node.stage.name}" did not write its output "${name}", the ${
        folder ? "folder" : "file"
      } "${path}"${
        info === undefined ? "" : ", but something of another kind"
      }.`,
    );
  }
  const written = writtenFiles(node, job);
  const stray = written.find((file) =>
    !declared.some(([, { path, folder }]) =>
      folder ? file.startsWith(path + "/") : file === path
    )
  );
  if (stray !== undefined) {
    throw failure(
      `Stage "${node.stage.name}" wrote "${stray}", which it does not declare; add it to the stage's outputs, or ` +
        "write it to `context.work`.",
    );
  }
  const unsafe = written.find((file) => !isPathInside(file));
  if (unsafe !== undefined) {
    throw failure(
      `Stage "${node.stage.name}" wrote a file "${
        printable(unsafe)
      }": expected a name that every system can keep, without control characters, backslashes and colons, no dot or ` +
        'space at its end, and none that a system reserves, such as "aux".',
    );
  }
  const placed: Record<string, Artifact> = {};
  for (const [name, output] of declared) {
    const path = join(job.outputFolder, output.path);
    placed[name] = await workspace.store.add(path, output);
  }
  return placed;
}

/** The files in the output folder. @throws a failure for something else, such as a link */
function writtenFiles({ stage }: Assessment["node"], job: Job): string[] {
  try {
    return filesOf(job.outputFolder);
  } catch (error) {
    if (!(error instanceof IrregularFile)) throw error;
    throw failure(
      `Stage "${stage.name}" wrote something that cannot be stored: ${error.message}`,
    );
  }
}

/** Warns if the same key gave other bytes before: such a result cannot be shared. */
function warnIfDifferent(
  workspace: Workspace,
  key: string,
  made: Readonly<Record<string, Artifact>>,
  node: string,
  watcher: Watcher,
): void {
  const before = readCached(workspace.folder, key)?.outputs ?? {};
  for (const [name, { sha256 }] of Object.entries(made)) {
    if (before[name] === undefined || before[name].sha256 === sha256) continue;
    watcher.notice(
      `${node}: output ${name} has other bytes than the same key gave before; the stage is not deterministic.`,
    );
  }
}

/** The error of a stage that ended without a result. */
function errorOf(
  workspace: Workspace,
  { node, described }: Assessment,
  outcome: Exclude<StageRun["outcome"], { kind: "done" | "interrupted" }>,
  logPath: string,
): unknown {
  const stage = node.stage.name;
  if (outcome.kind === "died") {
    const memory = outcome.how.includes("SIGKILL")
      ? ", as when memory runs out"
      : "";
    const last = lastLine(logPath);
    return failure(
      `Stage "${stage}" ended without a result (${outcome.how}${memory})${
        last === "" ? "" : `: ${last}`
      }; its log is ${logPath}.`,
    );
  }
  const { name, message } = outcome;
  const error = new Error(message);
  error.name = name;
  if (isInputError(error)) return error;
  const edited = Object.keys(described.code.modules).find((module) =>
    message.includes(`read access to "${join(workspace.project.root, module)}"`)
  );
  if (edited !== undefined) {
    return failure(
      `Module "${edited}" was changed while stage "${stage}" ran and before it was imported; run again.`,
    );
  }
  const sentence = (deniedAccess(stage, message) ??
    `Stage "${stage}" failed: ${message}`).replace(/\.$/, "");
  return failure(`${sentence}; its log is ${logPath}.`);
}

/** The most telling line of the log of a process that died. */
function lastLine(logPath: string): string {
  const lines = (readIfThere(logPath) ?? "").split("\n")
    .map((line) => line.trim()).filter((line) => line !== "");
  const telling = /^error:|fatal|out of memory/i;
  return (lines.find((line) => telling.test(line)) ?? lines.at(-1) ?? "")
    .replace(/^[#\s]*(error: )?/, "");
}
