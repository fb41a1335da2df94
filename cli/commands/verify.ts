/** The command verify: whether a manifest's objects are whole, and whether somebody who is believed has signed it. */
import { inputError } from "../../base/input_error.ts";
import { parseManifest } from "../../schemas/manifest.ts";
import { readIfThere } from "../../engine/files/atomic.ts";
import {
  artifactFolder,
  type CommonOptions,
  type Console,
  EXIT,
  watcherOf,
} from "./pipeline.ts";
import { failure } from "../../engine/files/failure.ts";
import { manifestPath } from "../../engine/store/manifest.ts";
import {
  configFolder,
  signaturesPath,
} from "../../engine/provenance/signature.ts";
import type { Progress } from "../../engine/graph/stage.ts";
import {
  checkManifest,
  readPolicy,
  signersOf,
} from "../../engine/provenance/trust_policy.ts";
import { type Verification, verify } from "../../engine/store/verify.ts";
import { openWorkspace } from "../../engine/store/workspace.ts";

export interface VerifyOptions
  extends Pick<CommonOptions, "artifacts" | "json"> {
  /** Keys of which one has to have signed the manifest; nothing is asked where there are none. */
  readonly signedBy: readonly string[];
}

/** What takes no longer shows no progress. */
const SECONDS_UNSEEN = 2;

/** Verifies a manifest, that of the artifact folder unless one is named, and its objects in the folder. */
export async function verifyCommand(
  console: Console,
  named: string | undefined,
  options: VerifyOptions,
): Promise<number> {
  const { json } = options;
  const workspace = openWorkspace(artifactFolder(options.artifacts));
  const path = named ?? manifestPath(workspace.folder);
  const text = readIfThere(path);
  if (text === undefined) throw missing(named, workspace.folder);
  const signedBy = signersAsked(text, path, options.signedBy);
  const manifest = parseManifest(text, path);
  const objects = await verifyShowing(
    console,
    json,
    (tell) => verify({ manifest, store: workspace.store }, tell),
  );
  const broken = objects.filter(({ condition }) => condition !== "whole");
  if (json) console.out(JSON.stringify({ objects, signedBy }) + "\n");
  else console.out(verifiedText(objects, broken, signedBy));
  if (broken.length === 0) return EXIT.done;
  if (named === undefined) {
    const nodes = [...new Set(broken.map(({ node }) => node))].join(" ");
    console.err(`Rebuild what is broken with: run --force ${nodes}\n`);
  }
  return EXIT.failed;
}

function missing(named: string | undefined, folder: string): Error {
  return named === undefined
    ? failure(
      `Cannot verify "${folder}": it has no manifest; run the pipeline first.`,
    )
    : inputError(`Cannot verify "${named}": there is no such file.`);
}

/** Who of those that are asked for has signed the manifest; a failure where nobody has, or where it does not hold together. */
function signersAsked(
  text: string,
  path: string,
  signedBy: readonly string[],
): readonly string[] {
  if (signedBy.length === 0) return [];
  const config = configFolder(Deno.env.toObject());
  const policy = readPolicy({ config, signedBy });
  const signatures = readIfThere(signaturesPath(path));
  const signers = signersOf(text, signatures, policy, `"${path}"`);
  checkManifest(text, `"${path}"`);
  return signers;
}

async function verifyShowing<T>(
  console: Console,
  json: boolean,
  work: (tell: (progress: Progress) => void) => Promise<T>,
): Promise<T> {
  const watcher = watcherOf(console, { json });
  const began = performance.now();
  let isShown = false;
  try {
    return await work((progress) => {
      const isDue = performance.now() - began > SECONDS_UNSEEN * 1000;
      if (!isShown && isDue) watcher.start("verify", ["rehashing"]);
      isShown ||= isDue;
      watcher.progress("verify", progress);
    });
  } finally {
    watcher.close();
  }
}

function verifiedText(
  objects: readonly Verification[],
  broken: readonly Verification[],
  signedBy: readonly string[],
): string {
  const lines = [
    ...signedBy.length === 0
      ? []
      : [`The manifest is signed by ${signedBy.join(", ")}.`],
    ...broken.map(({ node, output, condition, sha256 }) =>
      `${node}: output ${output} is ${condition} (${sha256})`
    ),
    `${objects.length - broken.length} of ${objects.length} objects are whole.`,
  ];
  return lines.join("\n") + "\n";
}
