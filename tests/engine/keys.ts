/** Keys of a test, in a temporary folder that is removed at the end of its scope. */
import { join } from "@std/path";
import {
  addSignature,
  makeSigningKey,
  type SigningKey,
} from "../../engine/signature.ts";

export interface Keys {
  readonly folder: string;
  /** Makes a key in the file of this name. */
  make(name: string): SigningKey;
  path(name: string): string;
  [Symbol.dispose](): void;
}

export function makeKeys(): Keys {
  const folder = Deno.makeTempDirSync({ prefix: "keys-" });
  const path = (name: string) => join(folder, name);
  return {
    folder,
    path,
    make: (name) => makeSigningKey(path(name)),
    [Symbol.dispose]: () => Deno.removeSync(folder, { recursive: true }),
  };
}

/** The signatures of a manifest by some keys. */
export function signedBy(text: string, ...keys: readonly SigningKey[]): string {
  return keys.reduce<string | undefined>(
    (signatures, key) => addSignature(text, key, signatures),
    undefined,
  ) ?? "";
}
