/** Ed25519 keys and signatures of a manifest. */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { Buffer } from "node:buffer";
import { dirname, isAbsolute, join, resolve } from "@std/path";
import { ifThere, statIfThere } from "../../base/stat.ts";
import { inputError } from "../../base/input_error.ts";
import { checkInput, inputText } from "../../base/input_file.ts";
import {
  type PublicKey,
  Signatures,
  SIGNATURES_SCHEMA,
} from "../../schemas/signature.ts";
import { jsonIfValid, reasonOf } from "../files/atomic.ts";
import { canonical, sha256 } from "../files/hash.ts";
import { writeAll } from "../../base/write_all.ts";

/** Prefix of the signed message, so that a signature is not valid for any other purpose. */
const DOMAIN = "ckd-manifest-v1";

export interface SigningKey {
  readonly publicKey: PublicKey;
  /** Signs a text by its hash; base64url. */
  sign(hash: string): string;
  /** Signs the payload of a DSSE envelope. */
  signEnvelope(type: string, payload: Uint8Array): Uint8Array;
}

/** The file that holds the signatures of a manifest. */
export function signaturesPath(manifest: string): string {
  return manifest.replace(/\.json$/, "") + ".sig.json";
}

/** The user's folder for keys and the trust policy, outside of any project; undefined if no variable names a home. */
export function configFolder(
  environment: Readonly<Record<string, string>>,
): string | undefined {
  const { APPDATA, XDG_CONFIG_HOME, HOME } = environment;
  const config = [APPDATA, XDG_CONFIG_HOME, HOME && join(HOME, ".config")]
    .find((path) => path !== undefined && isAbsolute(path));
  return config && join(config, "ckd");
}

/** The path of the private key. @throws an input error if it lies inside the project, where it could be shared */
export function signingKeyPath(
  given: string | undefined,
  config: string | undefined,
  project: string,
): string {
  const named = given ?? (config && join(config, "signing-key.pem"));
  if (named === undefined) {
    throw inputError(
      "Cannot tell where your key is: expected HOME or XDG_CONFIG_HOME to name a folder, found neither; set one, or " +
        "name the file of the key with --key.",
    );
  }
  const path = resolve(named);
  if (!`${realPath(path)}/`.startsWith(`${realPath(project)}/`)) return path;
  throw inputError(
    `Cannot use the key "${path}": it would lie inside the project "${project}", from where it would be shared; ` +
      "name a file elsewhere with --key.",
  );
}

/** The path with links resolved; its last parts may not exist yet. */
function realPath(path: string): string {
  const real = ifThere(() => Deno.realPathSync(path));
  return real ??
    (dirname(path) === path
      ? path
      : join(realPath(dirname(path)), path.slice(dirname(path).length)));
}

/** Makes a key pair and writes the private key, readable by the user only. @throws an input error if the file exists */
export function makeSigningKey(path: string): SigningKey {
  const { privateKey } = generateKeyPairSync("ed25519");
  try {
    Deno.mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    using file = Deno.openSync(path, {
      write: true,
      createNew: true,
      mode: 0o600,
    });
    writeAll(file, pemOf(privateKey));
    file.syncSync();
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) {
      throw inputError(
        `Cannot make a key in "${path}": there is a file, and whoever loses a key cannot sign with it again; ` +
          "name another one with --key, or move it away.",
      );
    }
    throw inputError(`Cannot make a key in "${path}": ${reasonOf(error)}.`);
  }
  return signingKey(privateKey);
}

/** Reads a private key. @throws an input error if other users can read the file, or it is not an Ed25519 key */
export function readSigningKey(path: string): SigningKey {
  const refuse = (reason: string) =>
    inputError(`Cannot sign with the key "${path}": ${reason}.`);
  if (statIfThere(path) === undefined) {
    throw refuse(
      'there is no such file; make one with "deno task pipeline keygen", or name one with --key',
    );
  }
  checkInput(path, refuse);
  const mode = statIfThere(path)?.mode ?? 0;
  if ((mode & 0o077) !== 0) {
    throw refuse(
      `others may read it (mode ${
        (mode & 0o777).toString(8)
      }); if nobody has, run "chmod 600" on it, else make a new one`,
    );
  }
  const pem = inputText(path, refuse);
  let key: KeyObject | undefined;
  try {
    key = createPrivateKey(pem);
  } catch {
    // Reported below, as for any other file.
  }
  if (key?.asymmetricKeyType !== "ed25519") {
    throw refuse("it is no Ed25519 private key in PEM (PKCS #8)");
  }
  return signingKey(key);
}

/** Adds a signature to the text of a signatures file; signatures of another manifest are dropped. */
export function addSignature(
  manifest: string,
  key: SigningKey,
  signatures: string | undefined,
): string {
  const hash = sha256(manifest);
  const before = signatures === undefined
    ? undefined
    : Signatures.safeParse(jsonIfValid(signatures)).data;
  const others = before?.manifest === hash ? before.signatures : {};
  const content: Signatures = {
    schema: SIGNATURES_SCHEMA,
    manifest: hash,
    signatures: { ...others, [key.publicKey]: key.sign(hash) },
  };
  return canonical(content) + "\n";
}

/** Whether a text is a signatures file. */
export function areSignatures(text: string): boolean {
  return Signatures.safeParse(jsonIfValid(text)).success;
}

/** Whether a signature by a key is valid for the hash of a text. */
export function isSigned(
  hash: string,
  key: PublicKey,
  signature: string,
): boolean {
  const jwk = { kty: "OKP", crv: "Ed25519", x: key.slice(PREFIX.length) };
  return verify(
    null,
    Buffer.from(messageOf(hash)),
    createPublicKey({ key: jwk, format: "jwk" }),
    Buffer.from(signature, "base64url"),
  );
}

const PREFIX = "ed25519:";

function messageOf(hash: string): string {
  return `${DOMAIN}\n${hash}\n`;
}

/** DSSE's pre-authentication encoding; it differs from every manifest's message in its first bytes. */
function authenticated(type: string, payload: Uint8Array): Uint8Array {
  const head = `DSSEv1 ${type.length} ${type} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

function signingKey(key: KeyObject): SigningKey {
  const { x } = createPublicKey(key).export({ format: "jwk" });
  return {
    publicKey: `${PREFIX}${x}`,
    sign: (hash) =>
      sign(null, Buffer.from(messageOf(hash)), key).toString("base64url"),
    signEnvelope: (type, payload) =>
      sign(null, authenticated(type, payload), key),
  };
}

function pemOf(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}
