/** The commands push, pull, export and import, and the remotes of a run. */
import { basename } from "@std/path";
import { format as formatBytes } from "@std/fmt/bytes";
import {
  artifactFolder,
  type CommonOptions,
  type Console,
  EXIT,
  watcherOf,
} from "./pipeline.ts";
import { tellDisk } from "../../engine/files/failure.ts";
import { lockFolder } from "../../engine/store/lock.ts";
import { outputPath } from "../../engine/files/output_file.ts";
import type { Pipeline } from "../../engine/graph/graph.ts";
import { manifestPath } from "../../engine/store/manifest.ts";
import { type LoadPipeline, vouchFor } from "../publishable.ts";
import {
  checkMetrics,
  lackingText,
} from "../../engine/provenance/recompute.ts";
import type { Borrow } from "../../engine/run/runner.ts";
import { configFolder } from "../../engine/provenance/signature.ts";
import {
  type Policy,
  readPolicy,
  requireKeys,
} from "../../engine/provenance/trust_policy.ts";
import { openWorkspace, type Workspace } from "../../engine/store/workspace.ts";
import { parse } from "../../base/input_error.ts";
import { SharedName } from "../../schemas/sharing.ts";
import { openBorrowing } from "../../sharing/remote_cache.ts";
import type { Ears, Moved } from "../../sharing/transfer/download.ts";
import { type Contents, contentsOf } from "../../sharing/transfer/contents.ts";
import { openBundleFile } from "../../sharing/bundles/bundle.ts";
import { bundleOutput, exportBundle } from "../../sharing/bundles/export.ts";
import { importBundle } from "../../sharing/bundles/import.ts";
import { type CheckArrived, pull } from "../../sharing/pull.ts";
import { push, writerOf } from "../../sharing/push.ts";
import type { Remote } from "../../sharing/remotes/remote.ts";
import { openRemote } from "../../sharing/remotes/open.ts";
import { type Patience, PATIENT } from "../../sharing/remotes/request.ts";

type Options = Pick<CommonOptions, "artifacts" | "json">;

interface Interruptible {
  /** Ends all requests. */
  readonly signal: AbortSignal;
}

/** Whom to believe. */
export interface BeliefOptions {
  readonly signedBy: readonly string[];
  readonly unsigned: boolean;
}

export interface PushCommandOptions extends Options, Interruptible {
  /** Whether the manifest of another experiment of the same name is replaced there. */
  readonly force: boolean;
  /** Whether what is there already is read back. */
  readonly paranoid: boolean;
}

export interface PullCommandOptions
  extends Options, BeliefOptions, Interruptible {
  readonly experiment: string;
}

export interface ExportOptions extends Options, Interruptible {
  /** Whether any file is replaced, not a former bundle only. */
  readonly force: boolean;
}

export type ImportOptions = Options & BeliefOptions & Interruptible;

type SharingCommand<Given, Own extends Interruptible> = (
  console: Console,
  load: LoadPipeline,
  given: Given,
  options: Own,
) => Promise<number>;

/** A command that says so where it was told to end, and is gone on with by the same command. */
function interruptible<Given, Own extends Interruptible>(
  command: SharingCommand<Given, Own>,
): SharingCommand<Given, Own> {
  return async (console, load, given, options) => {
    try {
      return await command(console, load, given, options);
    } catch (error) {
      if (!options.signal.aborted) throw error;
      console.err(
        "Interrupted; what has arrived is kept, run again to go on.\n",
      );
      return EXIT.interrupted;
    }
  };
}

export const pushCommand = interruptible(async (
  console,
  load,
  addresses: readonly string[],
  options: PushCommandOptions,
) => {
  const patience = { ...PATIENT, signal: options.signal };
  const remotes = openRemotes(addresses, patience, { made: true });
  remotes.forEach(writerOf);
  const workspace = openWorkspace(artifactFolder(options.artifacts));
  const contents = await vouchedFor(console, load, workspace, "push", options);
  const { name } = contents.manifest.experiment;
  const isSigned = contents.signatures !== undefined;
  const sent: (Moved & { readonly remote: string })[] = [];
  for (const remote of remotes) {
    const { paranoid, force } = options;
    const moved = await showing(
      console,
      options,
      "push",
      (ears) => push(contents, remote, { paranoid, force, patience }, ears),
    );
    sent.push({ remote: remote.name, ...moved });
    if (!options.json) {
      console.out(`Pushed "${name}" to "${remote.name}": ${told(moved)}.\n`);
    }
  }
  if (options.json) {
    const report = { experiment: name, signed: isSigned, remotes: sent };
    console.out(JSON.stringify(report) + "\n");
  }
  if (!isSigned) {
    console.err(
      'Nobody has signed this manifest, so others can take it with --unsigned only: "sign", and push again.\n',
    );
  }
  return EXIT.done;
});

export const pullCommand = interruptible(async (
  console,
  load,
  addresses: readonly string[],
  options: PullCommandOptions,
) => {
  const experiment = parse(
    SharedName,
    basename(options.experiment).replace(/\.jsonc?$/, ""),
    "--experiment",
  );
  const patience = { ...PATIENT, signal: options.signal };
  const remotes = openRemotes(addresses, patience);
  const policy = policyOf(options);
  const source = { remotes, patience };
  const pulled = await changing(
    console,
    options,
    "pull",
    (workspace, ears) =>
      pull(workspace, experiment, policy, source, ears, arrived(load, ears)),
  );
  const { remote, nodes, signedBy } = pulled;
  console.out(
    options.json
      ? JSON.stringify({ experiment, ...pulled }) + "\n"
      : `Pulled "${experiment}" from "${remote}", ${
        by(signedBy)
      }: ${nodes} nodes, ${told(pulled)}.\n`,
  );
  return EXIT.done;
});

export const exportCommand = interruptible(async (
  console,
  load,
  file: string,
  options: ExportOptions,
) => {
  const output = bundleOutput(options.force);
  outputPath(file, output);
  const workspace = openWorkspace(artifactFolder(options.artifacts));
  const deed = "export";
  const contents = await vouchedFor(console, load, workspace, deed, options);
  const { name } = contents.manifest.experiment;
  const moved = await showing(
    console,
    options,
    deed,
    (ears) => exportBundle(contents, file, stopping(ears, options), output),
  );
  console.out(
    options.json
      ? JSON.stringify({ experiment: name, file, ...moved }) + "\n"
      : `Exported "${name}" to "${file}": ${told(moved)}.\n`,
  );
  return EXIT.done;
});

export const importCommand = interruptible(async (
  console,
  load,
  file: string,
  options: ImportOptions,
) => {
  const policy = policyOf(options);
  // Before a folder is made for what cannot be read.
  openBundleFile(file).close();
  const imported = await changing(
    console,
    options,
    "import",
    (workspace, ears) =>
      importBundle(
        workspace,
        file,
        policy,
        stopping(ears, options),
        arrived(load, ears),
      ),
  );
  const { experiment, nodes, signedBy } = imported;
  console.out(
    options.json
      ? JSON.stringify({ file, ...imported }) + "\n"
      : `Imported "${experiment}" from "${file}", ${
        by(signedBy)
      }: ${nodes} nodes, ${told(imported)}.\n`,
  );
  return EXIT.done;
});

/** Where a run looks before it makes a result. */
export function borrowFrom(
  pipeline: Pipeline,
  addresses: readonly string[],
  options: BeliefOptions,
  signal: AbortSignal,
): Borrow {
  const patience = { ...PATIENT, signal };
  const source = { remotes: openRemotes(addresses, patience), patience };
  return openBorrowing(source, policyOf(options), pipeline);
}

function openRemotes(
  addresses: readonly string[],
  patience: Patience,
  { made = false } = {},
): Remote[] {
  const environment = Deno.env.toObject();
  return addresses.map((address) =>
    openRemote(address, { environment, patience, made })
  );
}

/** What there is to share, which holds together and whose metrics are those of its artifacts. */
async function vouchedFor(
  console: Console,
  load: LoadPipeline,
  workspace: Workspace,
  verb: string,
  options: Options,
): Promise<Contents> {
  const contents = await contentsOf(workspace);
  const { manifest } = contents;
  const deed = { verb, what: `"${manifestPath(workspace.folder)}"` };
  const { store } = workspace;
  await vouchFor(console, await load(), manifest, store, deed, options);
  return contents;
}

/** Recomputes the metrics of what has come, as far as its artifacts tell them. */
function arrived(load: LoadPipeline, { progress, notice }: Ears): CheckArrived {
  return async (manifest, { store }) => {
    const lacking = await checkMetrics(await load(), manifest, store, progress);
    if (lacking.length > 0) notice(lackingText(lacking).trimEnd());
  };
}

/** Work on the disk ends where it tells how far it is. */
function stopping(ears: Ears, { signal }: Interruptible): Ears {
  return {
    ...ears,
    progress: (progress) => {
      signal.throwIfAborted();
      ears.progress(progress);
    },
  };
}

function policyOf({ signedBy, unsigned }: BeliefOptions): Policy {
  const config = configFolder(Deno.env.toObject());
  const policy = readPolicy({ config, signedBy, unsigned });
  requireKeys(policy, "anybody's manifest");
  return policy;
}

/** Works on the folder under its lock. */
async function changing<T>(
  console: Console,
  options: Options & Interruptible,
  name: string,
  work: (workspace: Workspace, ears: Ears) => Promise<T>,
): Promise<T> {
  const folder = artifactFolder(options.artifacts);
  const isGiven = options.artifacts !== undefined;
  return await showing(console, options, name, async (ears) => {
    using _lock = await Promise.race([
      aborted(options.signal),
      lockFolder(folder, isGiven, ears.notice),
    ]);
    try {
      return await work(openWorkspace(folder), ears);
    } catch (error) {
      throw tellDisk(error, folder);
    }
  });
}

/** Fails as soon as it is told to. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}

/** Shows how far something is while it lasts. */
async function showing<T>(
  console: Console,
  options: Options,
  name: string,
  work: (ears: Ears) => Promise<T>,
): Promise<T> {
  const watcher = watcherOf(console, options);
  try {
    watcher.start(name, ["looks for what is missing"]);
    return await work({
      progress: (progress) => watcher.progress(name, progress),
      notice: watcher.notice,
    });
  } finally {
    watcher.close();
  }
}

function told({ objects, bytes }: Moved): string {
  return objects === 0
    ? "all objects were there"
    : `${objects} object${objects === 1 ? "" : "s"} of ${formatBytes(bytes)}`;
}

function by(signedBy: readonly string[]): string {
  return signedBy.length === 0
    ? "whoever made it"
    : `signed by ${signedBy.join(", ")}`;
}
