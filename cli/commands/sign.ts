/** The commands keygen and sign: a key of the user's own, and the signature of a manifest beside it. */
import { readIfThere, writeAtomically } from "../../engine/files/atomic.ts";
import {
  artifactFolder,
  type CommonOptions,
  type Console,
  EXIT,
} from "./pipeline.ts";
import { inputError } from "../../base/input_error.ts";
import { manifestPath } from "../../engine/store/manifest.ts";
import { ROOT } from "../../engine/keys/project.ts";
import { type LoadPipeline, vouchFor } from "../publishable.ts";
import {
  addSignature,
  areSignatures,
  configFolder,
  makeSigningKey,
  readSigningKey,
  signaturesPath,
  signingKeyPath,
} from "../../engine/provenance/signature.ts";
import { checkManifest } from "../../engine/provenance/trust_policy.ts";
import { openWorkspace } from "../../engine/store/workspace.ts";

export interface KeyOptions {
  /** The file of the private key; without, one in the user's folder. */
  readonly key?: string;
  readonly json: boolean;
}

export type SignOptions = KeyOptions & Pick<CommonOptions, "artifacts">;

/** Makes a key; its public half is all that stands on standard output, to be written to a file or a policy. */
export function keygenCommand(console: Console, options: KeyOptions): number {
  const path = keyPath(options);
  const { publicKey } = makeSigningKey(path);
  console.out(
    (options.json ? JSON.stringify({ publicKey, path }) : publicKey) + "\n",
  );
  console.err(
    `This is the public key of "${path}", which only you can read: keep it, there is no other copy.\n` +
      `Whoever believes you writes into deno.json: "trust": { "YOUR NAME": "${publicKey}" }\n`,
  );
  return EXIT.done;
}

/** Signs a manifest, that of the artifact folder unless one is named. */
export async function signCommand(
  console: Console,
  load: LoadPipeline,
  named: string | undefined,
  options: SignOptions,
): Promise<number> {
  const path = named ?? manifestPath(artifactFolder(options.artifacts));
  const text = readIfThere(path);
  if (text === undefined) {
    throw inputError(`Cannot sign "${path}": there is no such file.`);
  }
  const signatures = signaturesPath(path);
  const before = readIfThere(signatures);
  // In an artifact folder the name is the engine's own.
  if (named !== undefined && before !== undefined && !areSignatures(before)) {
    throw inputError(
      `Cannot sign "${path}": "${signatures}" is there and holds no signatures; move it away.`,
    );
  }
  const manifest = checkManifest(text, `"${path}"`);
  const { experiment, nodes } = manifest;
  const key = readSigningKey(keyPath(options));
  const { store } = openWorkspace(artifactFolder(options.artifacts));
  const deed = { verb: "sign", what: `"${path}"` };
  await vouchFor(console, await load(), manifest, store, deed, options);
  writeAtomically(
    signatures,
    addSignature(text, key, readIfThere(signatures)),
    { locked: false },
  );
  console.out(
    options.json
      ? JSON.stringify({ manifest: path, signatures, by: key.publicKey }) + "\n"
      : `Signed the ${
        Object.keys(nodes).length
      } nodes of "${experiment.name}" in ${signatures}, by ${key.publicKey}.\n`,
  );
  return EXIT.done;
}

/** Where the key that a command signs with lies. */
export function keyPath({ key }: Pick<KeyOptions, "key">): string {
  return signingKeyPath(key, configFolder(Deno.env.toObject()), ROOT);
}
