/** Rehashes the objects that a manifest names, on all cores. */
import { lstatIfThere, statIfThere } from "../../base/stat.ts";
import { type Artifact, contentOf } from "../../schemas/manifest.ts";
import { filesOf, hashFile, IrregularFile } from "../files/hash.ts";
import { type Hashed, openHashers } from "../files/parallel_hash.ts";
import type { Progress } from "../graph/stage.ts";
import { cachePath } from "./manifest.ts";
import { readNotHeld } from "./not_held.ts";
import type { Condition } from "./object_store.ts";
import type { Workspace } from "./workspace.ts";

export interface Verification {
  readonly node: string;
  readonly output: string;
  readonly sha256: string;
  /** `not held`: a pull or an import left it out, and it was not made here since. */
  readonly condition: Condition | "not held";
}

/** Below this, starting a thread takes longer than it saves. */
const BYTES_A_THREAD = 64 << 20;

/** Rehashes every object that a manifest names, each once; a further thread is used for every `threadBytes`. */
export async function verify(
  { folder, manifest, store }: Pick<
    Workspace,
    "folder" | "manifest" | "store"
  >,
  onProgress: (progress: Progress) => void = () => {},
  threadBytes = BYTES_A_THREAD,
): Promise<Verification[]> {
  const named = Object.entries(manifest?.nodes ?? {}).flatMap(
    ([node, { key, outputs }]) =>
      Object.entries(outputs)
        .map(([output, artifact]) => ({ node, key, output, artifact })),
  );
  const artifacts = new Map(
    named.map(({ artifact }) => [store.path(artifact), artifact]),
  );
  const total = [...artifacts.values()]
    .reduce((sum, { bytes }) => sum + bytes, 0);
  using hashers = openHashers(
    Math.min(navigator.hardwareConcurrency, Math.ceil(total / threadBytes)),
  );
  let done = 0;
  const hash = async (path: string): Promise<Hashed> => {
    const hashed = await hashers.hash(path);
    done += hashed.bytes;
    onProgress({ done, total, unit: "bytes" });
    return hashed;
  };
  // All are requested at once, so that no core waits while the store checks them in order.
  const hashed = new Map<string, Promise<Hashed>>();
  for (const [path, artifact] of artifacts) {
    for (const file of filesAt(path, artifact)) {
      const pending = hash(file);
      pending.catch(() => {});
      hashed.set(file, pending);
    }
  }
  const conditions = new Map<string, Condition>();
  for (const [path, artifact] of artifacts) {
    const condition = await store.verify(
      artifact,
      (file) => hashed.get(file) ?? hashFile(file),
    );
    conditions.set(path, condition);
  }
  const leftOut = readNotHeld(folder);
  return named.map(({ node, key, output, artifact }) => {
    const condition = conditions.get(store.path(artifact)) ?? "missing";
    const isNotHeld = condition === "missing" &&
      leftOut.has(contentOf(artifact)) &&
      lstatIfThere(cachePath(folder, key)) === undefined;
    return {
      ...{ node, output, sha256: artifact.sha256 },
      condition: isNotHeld ? "not held" : condition,
    };
  });
}

/** The files of an object that can be hashed; the store reports what is missing. */
function filesAt(path: string, { folder }: Artifact): string[] {
  const info = statIfThere(path);
  if (info === undefined || folder !== true) return info?.isFile ? [path] : [];
  try {
    return info.isDirectory
      ? filesOf(path).map((file) => `${path}/${file}`)
      : [];
  } catch (error) {
    if (error instanceof IrregularFile) return [];
    throw error;
  }
}
