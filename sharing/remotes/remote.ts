/** A remote: a place outside of the project that keeps objects, manifests and where keys are named, whatever its kind. */

import { canonical, sha256 } from "../../engine/files/hash.ts";
import type { Manifest } from "../../schemas/manifest.ts";

/** Bytes of a file from `start` on, which is 0 where a store cannot begin elsewhere; reading fails where a connection does. */
export interface Content {
  readonly start: number;
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Gives up what has not been read. */
  discard(): Promise<void>;
}

/** A file here whose bytes are wanted there. */
export interface LocalFile {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

export interface Remote {
  /** As the user named it. */
  readonly name: string;
  /** The bytes of a file from one on, or undefined where there is no such file. */
  read(path: string, from: number): Promise<Content | undefined>;
  /** Undefined where a remote can only be read. */
  readonly writer?: Writer;
}

export interface Writer {
  /** The bytes that a file has, or undefined where there is none. */
  size(path: string): Promise<number | undefined>;
  /** Puts a file there whole or not at all, and fails unless it has arrived as it is; `sent` is told of the bytes of each step. */
  putFile(
    path: string,
    file: LocalFile,
    sent: (bytes: number) => void,
  ): Promise<void>;
  putText(path: string, text: string): Promise<void>;
}

export function objectPath(sha256: string): string {
  return `objects/${sha256.slice(0, 2)}/${sha256}`;
}

/** The last manifest of an experiment, by its name or by `idOf` it; every one that was pushed is an object as well. */
export function sharedManifestPath(experiment: string): string {
  return `manifests/${experiment}.json`;
}

/** Names an experiment with what it is, as two may have one name: `quick@0123456789ab`, of the hash of its value. */
export function idOf({ name, value }: Manifest["experiment"]): string {
  return `${name}@${sha256(canonical(value)).slice(0, ID_DIGITS)}`;
}

/** The name in what names an experiment, which may be an id. */
export function nameIn(experiment: string): string {
  return experiment.replace(/@[0-9a-f]{12}$/, "");
}

const ID_DIGITS = 12;

/** The signatures of a manifest, by its hash: so that no reader finds those of another. */
export function sharedSignaturesPath(manifest: string): string {
  return `signatures/${manifest}.json`;
}

export function keyPath(key: string): string {
  return `keys/${key}.json`;
}
