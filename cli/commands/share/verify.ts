/** The command `verify`: rehashes the objects of a manifest, and checks who has signed it. */
import { inputError } from "../../../base/input_error.ts";
import { commandToRun } from "../../../engine/store/command_to_run.ts";
import { readIfThere } from "../../../engine/files/atomic.ts";
import { failure } from "../../../engine/files/failure.ts";
import {
  configFolder,
  signaturesPath,
} from "../../../engine/provenance/signature.ts";
import {
  checkManifest,
  readPolicy,
  signersOf,
} from "../../../engine/provenance/trust_policy.ts";
import { manifestPath } from "../../../engine/store/manifest.ts";
import { type Verification, verify } from "../../../engine/store/verify.ts";
import { openWorkspace } from "../../../engine/store/workspace.ts";
import { parseManifest } from "../../../schemas/manifest.ts";
import { command } from "../../command.ts";
import { withProgress } from "../../console/show_progress.ts";
import { EXIT } from "../../exit.ts";
import { artifactFolder } from "../../experiment.ts";
import { argument, artifacts, json, signedBy } from "../../options.ts";

export default command({
  name: "verify",
  group: "share",
  summary: "rehashes every object of the manifest, or of the one named",
  needsPipeline: false,
  arguments: { manifest: argument("[manifest]") },
  options: { artifacts, json, signedBy },
  examples: [
    ["", "every object of the manifest, byte by byte"],
    ["--signed-by me.pub", "and that its signature is of this key"],
  ],
  run: async ({ console }, { manifest: named, json, ...values }) => {
    const workspace = openWorkspace(artifactFolder(values.artifacts));
    const path = named ?? manifestPath(workspace.folder);
    const text = readIfThere(path);
    if (text === undefined) throw missing(named, workspace.folder);
    const signedBy = signersAsked(text, path, values.signedBy);
    const manifest = parseManifest(text, path);
    const objects = await withProgress(
      console,
      { json },
      { name: "verify", does: "rehashing", unseenSeconds: 2 },
      ({ progress }) => verify({ ...workspace, manifest }, progress),
    );
    const broken = objects.filter(({ condition }) =>
      condition !== "whole" && condition !== "not held"
    );
    if (json) console.out(JSON.stringify({ objects, signedBy }) + "\n");
    else console.out(verifiedText(objects, broken, signedBy));
    if (broken.length === 0) return EXIT.done;
    if (named === undefined) {
      const nodes = new Set(broken.map(({ node }) => node));
      const command = commandToRun(workspace, ["--force", ...nodes]);
      console.err(`Rebuild what is broken with: ${command}\n`);
    }
    return EXIT.failed;
  },
});

function missing(named: string | undefined, folder: string): Error {
  return named === undefined
    ? failure(
      `Cannot verify "${folder}": it has no manifest; run the pipeline first.`,
    )
    : inputError(`Cannot verify "${named}": there is no such file.`);
}

/** The trusted keys that have signed the manifest; a failure if none has, or if its records contradict each other. */
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

function verifiedText(
  objects: readonly Verification[],
  broken: readonly Verification[],
  signedBy: readonly string[],
): string {
  const notHeld = objects.filter(({ condition }) => condition === "not held");
  const nodes = [...new Set(notHeld.map(({ node }) => node))];
  const whole = objects.length - broken.length - notHeld.length;
  const lines = [
    ...signedBy.length === 0
      ? []
      : [`The manifest is signed by ${signedBy.join(", ")}.`],
    ...broken.map(({ node, output, condition, sha256 }) =>
      `${node}: output ${output} is ${condition} (${sha256})`
    ),
    `${whole} of ${objects.length} objects are whole.`,
    ...notHeld.length === 0
      ? []
      : [`${notHeld.length} are not held here: ${nodes.join(", ")}.`],
  ];
  return lines.join("\n") + "\n";
}
