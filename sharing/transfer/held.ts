/** Which artifacts of a manifest are held where it lies, if not all are. */
import { jsonIfValid } from "../../engine/files/atomic.ts";
import { isFailure } from "../../engine/files/failure.ts";
import { heldText } from "../../engine/store/not_held.ts";
import type { Workspace } from "../../engine/store/workspace.ts";
import {
  type Artifact,
  contentOf,
  type Manifest,
  type NodeRecord,
} from "../../schemas/manifest.ts";
import { Held as Record } from "../../schemas/sharing.ts";
import { inParallel } from "../remotes/parallel.ts";
import { objectPath, partialPath, type Remote } from "../remotes/remote.ts";
import { missingOf } from "./staging.ts";

/** The contents of the artifacts that are held; undefined where all are. */
export type Held = ReadonlySet<string> | undefined;

/** The largest record. */
export const HELD_BYTES = 8 << 20;

const CONCURRENT_QUESTIONS = 16;

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

/** What a bundle's record names, or undefined unless it is the text that `heldText` gives for some of a manifest's artifacts. */
export function parseHeld(
  text: string,
  manifest: Manifest,
): ReadonlySet<string> | undefined {
  const { data } = Record.safeParse(jsonIfValid(text));
  if (data === undefined) return undefined;
  const held = new Set(data.artifacts);
  const named = new Set(heldArtifacts(manifest, undefined).map(contentOf));
  const isPart = held.isSubsetOf(named) && held.size < named.size;
  return isPart && heldText(held) === text ? held : undefined;
}

/**
 * What a store and remotes together hold of a manifest, the first of which has it by its name: all, unless that one is
 * marked as partial. What is in any of them is held; one of the others that fails is left out with a notice.
 *
 * @param hash SHA-256 of the manifest
 */
export async function heldInAny(
  workspace: Pick<Workspace, "store">,
  manifest: Manifest,
  hash: string,
  remotes: readonly Remote[],
  notice: (line: string) => void,
): Promise<Held> {
  const [first] = remotes;
  if (!await isIn(first, partialPath(hash))) return undefined;
  const asked = new Set(remotes);
  const isInAny = async (path: string): Promise<boolean> => {
    for (const remote of asked) {
      try {
        if (await isIn(remote, path)) return true;
      } catch (error) {
        if (remote === first || !isFailure(error)) throw error;
        if (asked.delete(remote)) notice(error.message);
      }
    }
    return false;
  };
  const all = heldArtifacts(manifest, undefined);
  const held = new Set(all.map(contentOf));
  const missing = await missingOf(workspace, all);
  await inParallel(missing, CONCURRENT_QUESTIONS, async (artifact) => {
    const isThere = await isInAny(objectPath(artifact.sha256));
    if (!isThere) held.delete(contentOf(artifact));
  });
  return all.every((artifact) => isHeld(held, artifact)) ? undefined : held;
}

async function isIn(remote: Remote, path: string): Promise<boolean> {
  const content = await remote.read(path, 0);
  await content?.discard();
  return content !== undefined;
}
