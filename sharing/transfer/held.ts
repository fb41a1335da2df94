/** The record of which artifacts of a manifest were sent, where not all were. */
import { jsonIfValid } from "../../engine/files/atomic.ts";
import { failure } from "../../engine/files/failure.ts";
import { canonical } from "../../engine/files/hash.ts";
import { LIMITS } from "../../engine/provenance/trust_policy.ts";
import {
  type Artifact,
  contentOf,
  type Manifest,
  type NodeRecord,
} from "../../schemas/manifest.ts";
import { Held as Record, HELD_SCHEMA } from "../../schemas/sharing.ts";
import { objectPath, type Remote, sharedHeldPath } from "../remotes/remote.ts";
import { readText } from "../remotes/text.ts";

/** The contents of the artifacts that are held; undefined where all are. */
export type Held = ReadonlySet<string> | undefined;

/** The largest record. */
export const HELD_BYTES = 8 << 20;

export function isHeld(held: Held, artifact: Artifact): boolean {
  return held === undefined || held.has(contentOf(artifact));
}

/** Whether all outputs of a node are held. */
export function isNodeHeld(held: Held, { outputs }: NodeRecord): boolean {
  return Object.values(outputs).every((artifact) => isHeld(held, artifact));
}

/** The artifacts of a manifest that are held. */
export function heldArtifacts({ nodes }: Manifest, held: Held): Artifact[] {
  return Object.values(nodes).flatMap(({ outputs }) => Object.values(outputs))
    .filter((artifact) => isHeld(held, artifact));
}

/** The nodes of which an output is not held. */
export function nodesNotHeld({ nodes }: Manifest, held: Held): string[] {
  return Object.entries(nodes)
    .filter(([, record]) => !isNodeHeld(held, record))
    .map(([name]) => name);
}

export function heldText(held: ReadonlySet<string>): string {
  return canonical({ schema: HELD_SCHEMA, artifacts: [...held].sort() }) + "\n";
}

/** The artifacts that a record names, or undefined if it is none. */
export function parseHeld(text: string): ReadonlySet<string> | undefined {
  const { data } = Record.safeParse(jsonIfValid(text));
  return data && new Set(data.artifacts);
}

/**
 * What remotes together hold of the manifest with this hash, the first of which has it by its name.
 *
 * @throws {Error} A failure if a record is not written as such.
 */
export async function heldInAny(
  [first, ...others]: readonly Remote[],
  manifest: string,
): Promise<Held> {
  let held = await recordIn(first, manifest);
  for (const remote of others) {
    if (held === undefined) return undefined;
    const more = await recordIn(remote, manifest);
    if (more === undefined && await isThere(remote, manifest)) return undefined;
    held = held.union(more ?? new Set());
  }
  return held;
}

async function isThere(remote: Remote, manifest: string): Promise<boolean> {
  const path = objectPath(manifest);
  return await readText(remote, path, LIMITS.manifestBytes) !== undefined;
}

/** The artifacts that the record of a remote names; without a record, all are there that are. */
async function recordIn(remote: Remote, manifest: string): Promise<Held> {
  const record = sharedHeldPath(manifest);
  const text = await readText(remote, record, HELD_BYTES);
  const held = parseHeld(text ?? "");
  if (text !== undefined && held === undefined) {
    throw failure(
      `Cannot read "${record}" of "${remote.name}": it is not written as such; push there again.`,
    );
  }
  return held;
}
