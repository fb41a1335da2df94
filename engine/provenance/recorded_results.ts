/** Copies recorded results of some nodes into another artifact folder, so that others can be made from them. */
import { dirname, join } from "@std/path";
import { statIfThere } from "../../base/stat.ts";
import type { Artifact, Manifest } from "../../schemas/manifest.ts";
import { removeIfThere } from "../files/atomic.ts";
import { failure } from "../files/failure.ts";
import { filesOf } from "../files/hash.ts";
import { manifestText, writeCached, writeManifest } from "../store/manifest.ts";
import type { Workspace } from "../store/workspace.ts";

/** Copies missing objects, and hashes the copies; the caller holds the lock of the target folder. */
export async function seed(
  from: Workspace,
  to: Workspace,
  manifest: Manifest,
  names: readonly string[],
): Promise<void> {
  const records = new Map(names.map((name) => [name, manifest.nodes[name]]));
  for (const [name, { outputs }] of records) {
    for (const [output, artifact] of Object.entries(outputs)) {
      if (await to.store.check(artifact) === "whole") continue;
      const problem = await copyObject(from, to, artifact);
      if (problem === undefined) continue;
      throw failure(
        `Cannot make others of "${name}": its ${output} is ${problem} in "${from.folder}"; name a folder that has it ` +
          "with --objects, or make it as well with --until.",
      );
    }
  }
  const time = new Date().toISOString();
  for (const { key, outputs, metrics } of records.values()) {
    writeCached(to.folder, { key, outputs, metrics, measurements: {}, time });
  }
  const { experiment, code } = manifest;
  const text = manifestText(experiment, records, new Map(Object.entries(code)));
  writeManifest(to.folder, text);
  to.index.save();
}

/** Copies an object; returns what is wrong with it if that is not possible. */
async function copyObject(
  from: Workspace,
  to: Workspace,
  artifact: Artifact,
): Promise<"missing" | "damaged" | undefined> {
  const { mediaType, folder } = artifact;
  const source = from.store.path(artifact);
  if (statIfThere(source) === undefined) return "missing";
  const path = join(to.folder, "work", "seed.tmp");
  removeIfThere(path);
  if (folder) Deno.mkdirSync(path, { recursive: true });
  copy(source, path, folder ? filesOf(source) : [""]);
  const { sha256 } = await to.store.add(path, { path, mediaType, folder });
  return sha256 === artifact.sha256 ? undefined : "damaged";
}

function copy(from: string, to: string, files: readonly string[]): void {
  for (const file of files) {
    const path = join(to, file);
    Deno.mkdirSync(dirname(path), { recursive: true });
    Deno.copyFileSync(join(from, file), path);
  }
}
