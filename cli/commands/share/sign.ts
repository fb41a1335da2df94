/** The command `sign`: writes the signature of a manifest beside it. */
import { dirname } from "@std/path";
import { inputError } from "../../../base/input_error.ts";
import { readIfThere, writeAtomically } from "../../../engine/files/atomic.ts";
import { sharedWithGroup } from "../../../engine/files/group_folder.ts";
import {
  addSignature,
  areSignatures,
  readSigningKey,
  signaturesPath,
} from "../../../engine/provenance/signature.ts";
import { checkManifest } from "../../../engine/provenance/trust_policy.ts";
import { manifestPath } from "../../../engine/store/manifest.ts";
import { openWorkspace } from "../../../engine/store/workspace.ts";
import { command } from "../../command.ts";
import { EXIT } from "../../exit.ts";
import { artifactFolder } from "../../experiment.ts";
import { argument, artifacts, json, option } from "../../options.ts";
import { checkPublishable } from "../../sharing/publication_check.ts";
import { keyPath } from "../../sharing/trust.ts";

export default command({
  name: "sign",
  group: "share",
  summary: "signs the manifest, or the one named, beside it",
  needsPipeline: false,
  arguments: { manifest: argument("[manifest]") },
  options: {
    key: option("<file>", "the key (default: that of keygen)"),
    artifacts,
    json,
  },
  examples: [["", "the manifest of the last run"]],
  run: async ({ console, load }, { manifest: given, json, ...values }) => {
    const folder = artifactFolder(values.artifacts);
    const path = given ?? manifestPath(folder);
    const text = readIfThere(path);
    if (text === undefined) {
      throw inputError(`Cannot sign "${path}": there is no such file.`);
    }
    const signatures = signaturesPath(path);
    const before = readIfThere(signatures);
    // In an artifact folder the name is the engine's own.
    if (given !== undefined && before !== undefined && !areSignatures(before)) {
      throw inputError(
        `Cannot sign "${path}": "${signatures}" is there and holds no signatures; move it away.`,
      );
    }
    const manifest = checkManifest(text, `"${path}"`);
    const key = readSigningKey(keyPath(values.key));
    const { store } = openWorkspace(folder);
    const action = { verb: "sign", what: `"${path}"` };
    const pipeline = await load();
    await checkPublishable(console, pipeline, manifest, store, action, {
      json,
    });
    const signed = addSignature(text, key, readIfThere(signatures));
    sharedWithGroup(
      dirname(signatures),
      () => writeAtomically(signatures, signed, { locked: false }),
    );
    const count = Object.keys(manifest.nodes).length;
    const by = key.publicKey;
    console.out(
      json
        ? JSON.stringify({ manifest: path, signatures, by }) + "\n"
        : `Signed the ${count} nodes of "${manifest.experiment.name}" in ${signatures}, by ${by}.\n`,
    );
    return EXIT.done;
  },
});
