/** The record of what a pull or an import left out of a manifest: its absence is no damage. */
import { join } from "@std/path";
import { type Artifact, contentOf } from "../../schemas/manifest.ts";
import { Held, HELD_SCHEMA } from "../../schemas/sharing.ts";
import { lstatIfThere } from "../../base/stat.ts";
import { removeIfThere } from "../files/atomic.ts";
import { canonical } from "../files/hash.ts";
import { readStateJson, writeState } from "../files/state_file.ts";
import type { Workspace } from "./workspace.ts";

const NOT_HELD = "not-held.json";

/** Records which artifacts were left out, without those that are here already; the caller holds the folder's lock. */
export function recordNotHeld(
  { folder, store }: Pick<Workspace, "folder" | "store">,
  leftOut: readonly Artifact[],
): void {
  const absent = leftOut.filter((artifact) =>
    lstatIfThere(store.path(artifact)) === undefined
  );
  if (absent.length === 0) return removeIfThere(join(folder, NOT_HELD));
  writeState(folder, NOT_HELD, heldText(new Set(absent.map(contentOf))));
}

/** The record of some contents, in order. */
export function heldText(contents: ReadonlySet<string>): string {
  const artifacts = [...contents].sort();
  return canonical({ schema: HELD_SCHEMA, artifacts }) + "\n";
}

/** The contents of the artifacts that were left out; none without a record that can be read. */
export function readNotHeld(folder: string): ReadonlySet<string> {
  const record = readStateJson(join(folder, NOT_HELD));
  return new Set(Held.safeParse(record).data?.artifacts);
}
