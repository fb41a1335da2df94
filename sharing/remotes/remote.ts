/** The interface of a remote, which stores objects, manifests, signatures and key records, and the paths of these. */

import { canonical, sha256 } from "../../engine/files/hash.ts";
import type { Manifest } from "../../schemas/manifest.ts";

/** Bytes of a file from `start` on, which is 0 if the store cannot resume; reading throws if the connection breaks. */
export interface Content {
  readonly start: number;
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Closes the connection or file; the rest is not read. */
  discard(): Promise<void>;
}

/** A local file to upload. */
export interface LocalFile {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** Retries and time limits of requests. */
export interface NetworkPolicy {
  /** Gives up after so many attempts in a row without progress. */
  readonly attempts: number;
  /** Milliseconds before the second attempt; three times as long before each further one. */
  readonly wait: number;
  /** Milliseconds in which a connection has to send `minimumBytes`. */
  readonly timeout: number;
  readonly minimumBytes: number;
  /** Interrupts waits and requests. */
  readonly signal?: AbortSignal;
}

export interface Remote {
  /** As the user named it. */
  readonly name: string;
  /** Its retries and time limits, and the signal that ends its requests. */
  readonly network: NetworkPolicy;
  /** @throws {Error} An input error if it cannot be asked at all, such as for want of credentials; sends no request to it. */
  check?(): Promise<void>;
  /** The bytes of a file from offset `from` on, or undefined if there is no such file. */
  read(path: string, from: number): Promise<Content | undefined>;
  /** Undefined for a read-only remote. */
  readonly writer?: Writer;
}

export interface Writer {
  /** The size of a file in bytes, or undefined if there is none. */
  size(path: string): Promise<number | undefined>;
  /** Uploads a file atomically and checks the copy; calls `sent` with the number of bytes of each step. */
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

/** The path of the last manifest of an experiment, by its name or its `idOf`; every manifest pushed is an object as well. */
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

/** Marks the manifest with this hash as partly there; without the mark, all that it names is. */
export function partialPath(manifest: string): string {
  return `partial/${manifest}.txt`;
}

export function keyPath(key: string): string {
  return `keys/${key}.json`;
}
