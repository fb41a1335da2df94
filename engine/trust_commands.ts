/** The commands keygen and sign: a key of the user's own, and the signature of a manifest beside it. */
import { readIfThere, writeAtomically } from "./atomic.ts";
import {
  artifactFolder,
  type CommonOptions,
  type Console,
  EXIT,
} from "./commands.ts";
import { inputError } from "../schemas/errors.ts";
import { manifestPath } from "./manifest.ts";
import { ROOT } from "./project.ts";
import {
  addSignature,
  configFolder,
  makeSigningKey,
  readSigningKey,
  signaturesPath,
  signingKeyPath,
} from "./signature.ts";
import { checkManifest } from "./trust.ts";

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
export function signCommand(
  console: Console,
  named: string | undefined,
  options: SignOptions,
): number {
  const path = named ?? manifestPath(artifactFolder(options.artifacts));
  const text = readIfThere(path);
  if (text === undefined) {
    throw inputError(`Cannot sign "${path}": there is no such file.`);
  }
  const { experiment, nodes } = checkManifest(text, `"${path}"`);
  const key = readSigningKey(keyPath(options));
  const signatures = signaturesPath(path);
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
