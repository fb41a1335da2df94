/** The commands push, pull, export and import, and the remotes of a run. */
import { basename } from "@std/path";
import { format as formatBytes } from "@std/fmt/bytes";
import {
  artifactFolder,
  type CommonOptions,
  type Console,
  EXIT,
  watcherOf,
} from "../engine/commands.ts";
import { tellDisk } from "../engine/failure.ts";
import { lockFolder } from "../engine/lock.ts";
import type { Borrow } from "../engine/runner.ts";
import { configFolder } from "../engine/signature.ts";
import { type Policy, readPolicy, requireKeys } from "../engine/trust.ts";
import { openWorkspace, type Workspace } from "../engine/workspace.ts";
import { parse } from "../schemas/errors.ts";
import { SharedName } from "../schemas/sharing.ts";
import { openBorrowing } from "./borrow.ts";
import type { Ears, Moved } from "./bring.ts";
import { contentsOf } from "./contents.ts";
import { exportBundle } from "./export.ts";
import { importBundle } from "./import.ts";
import { pull } from "./pull.ts";
import { push, writerOf } from "./push.ts";
import type { Remote } from "./remote.ts";
import { openRemote } from "./remotes.ts";
import { PATIENT } from "./request.ts";

type Options = Pick<CommonOptions, "artifacts" | "json">;

/** Whom to believe. */
export interface BeliefOptions {
  readonly signedBy: readonly string[];
  readonly unsigned: boolean;
}

export interface PushCommandOptions extends Options {
  /** Whether what is there already is read back. */
  readonly paranoid: boolean;
}

export interface PullCommandOptions extends Options, BeliefOptions {
  readonly experiment: string;
}

export type ImportOptions = Options & BeliefOptions;

export async function pushCommand(
  console: Console,
  addresses: readonly string[],
  options: PushCommandOptions,
): Promise<number> {
  const remotes = openRemotes(addresses, { made: true });
  remotes.forEach(writerOf);
  const workspace = openWorkspace(artifactFolder(options.artifacts));
  const contents = await contentsOf(workspace);
  const { name } = contents.manifest.experiment;
  const isSigned = contents.signatures !== undefined;
  const sent: (Moved & { readonly remote: string })[] = [];
  for (const remote of remotes) {
    const { paranoid } = options;
    const moved = await showing(
      console,
      options,
      "push",
      (ears) => push(contents, remote, { paranoid, patience: PATIENT }, ears),
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
}

export async function pullCommand(
  console: Console,
  addresses: readonly string[],
  options: PullCommandOptions,
): Promise<number> {
  const experiment = parse(
    SharedName,
    basename(options.experiment).replace(/\.jsonc?$/, ""),
    "--experiment",
  );
  const remotes = openRemotes(addresses);
  const policy = policyOf(options);
  const source = { remotes, patience: PATIENT };
  const pulled = await changing(
    console,
    options,
    "pull",
    (workspace, ears) => pull(workspace, experiment, policy, source, ears),
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
}

export async function exportCommand(
  console: Console,
  file: string,
  options: Options,
): Promise<number> {
  const workspace = openWorkspace(artifactFolder(options.artifacts));
  const contents = await contentsOf(workspace);
  const { name } = contents.manifest.experiment;
  const moved = await showing(
    console,
    options,
    "export",
    (ears) => exportBundle(contents, file, ears),
  );
  console.out(
    options.json
      ? JSON.stringify({ experiment: name, file, ...moved }) + "\n"
      : `Exported "${name}" to "${file}": ${told(moved)}.\n`,
  );
  return EXIT.done;
}

export async function importCommand(
  console: Console,
  file: string,
  options: ImportOptions,
): Promise<number> {
  const policy = policyOf(options);
  const imported = await changing(
    console,
    options,
    "import",
    (workspace, ears) => importBundle(workspace, file, policy, ears),
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
}

/** Where a run looks before it makes a result. */
export function borrowFrom(
  addresses: readonly string[],
  options: BeliefOptions,
  signal: AbortSignal,
): Borrow {
  const remotes = openRemotes(addresses);
  const source = { remotes, patience: { ...PATIENT, signal } };
  return openBorrowing(source, policyOf(options));
}

function openRemotes(
  addresses: readonly string[],
  { made = false } = {},
): Remote[] {
  const environment = Deno.env.toObject();
  return addresses.map((address) =>
    openRemote(address, { environment, patience: PATIENT, made })
  );
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
  options: Options,
  name: string,
  work: (workspace: Workspace, ears: Ears) => Promise<T>,
): Promise<T> {
  const folder = artifactFolder(options.artifacts);
  const isGiven = options.artifacts !== undefined;
  return await showing(console, options, name, async (ears) => {
    using _lock = await lockFolder(folder, isGiven, ears.notice);
    try {
      return await work(openWorkspace(folder), ears);
    } catch (error) {
      throw tellDisk(error, folder);
    }
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
