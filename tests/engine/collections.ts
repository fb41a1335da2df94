/** Artifact folders as the tests of gc make, collect and look at them. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { dirname, join } from "@std/path";
import type { Console } from "../../engine/commands.ts";
import { gcCommand } from "../../engine/gc_command.ts";
import { canonical, hashListing, sha256 } from "../../engine/hash.ts";
import { writeCached } from "../../engine/manifest.ts";
import { unpainted } from "../../engine/style.ts";
import { CachedResult, Listing } from "../../schemas/manifest.ts";
import { delay, until } from "./processes.ts";
import { checkpointOf, exists, type Outcome, type Project } from "./project.ts";

export const DAY = 24 * 3600 * 1000;
export const SLOW = ["--set", 'counts={"slow":{"milliseconds":40}}'];
export const OTHER_SEED = ["--set", "seed=2"];
export const COUNTED = ["count:all", "count:short", "total:all", "total:short"];

export interface ItemJson {
  readonly node: string | null;
  readonly key: string;
  readonly bytes: number;
}

export interface CollectionJson {
  readonly removed: boolean;
  readonly results: readonly ItemJson[];
  readonly objects: number;
  readonly checkpoints: readonly ItemJson[];
  readonly leftovers: number;
  readonly bytes: number;
  readonly kept: {
    readonly results: number;
    readonly bytes: number;
    readonly checkpoints: readonly ItemJson[];
  };
}

export async function gc(
  project: Project,
  ...args: string[]
): Promise<CollectionJson> {
  const { code, out, err } = await project.run("gc", "--json", ...args);
  if (code !== 0) throw new Error(`Exit code ${code}: ${err}`);
  return JSON.parse(out);
}

/** Runs gc as on a terminal where the user answers. */
export async function answering(
  project: Project,
  ask: Console["ask"],
): Promise<{ readonly out: string; readonly error: string }> {
  let out = "";
  let error = "";
  const console: Console = {
    out: (text) => out += text,
    err: (text) => out += text,
    draw: (_, frame) => out += frame,
    size: () => undefined,
    onResize: () => () => {},
    paint: () => unpainted,
    now: () => Date.now(),
    ask,
  };
  try {
    await gcCommand({ console }, {
      artifacts: project.path("artifacts"),
      json: false,
      keepLast: 1,
      manifest: [],
      yes: false,
      dryRun: false,
    });
  } catch (thrown) {
    error = String(thrown);
  }
  return { out, error };
}

export async function interruptSlow(project: Project): Promise<void> {
  const child = project.start(...SLOW);
  await until(() => checkpointOf(project));
  await delay(100);
  Deno.kill(child.pid, "SIGINT");
  assertEquals((await child.output()).code, 130);
}

export function assertRefused({ code, out, err }: Outcome, says: string): void {
  assertEquals([code, out], [2, ""]);
  assertStringIncludes(err, says);
  assertEquals(err.trim().split("\n").length, 1);
}

/** Each cached result has the objects that it names, each with the files that it names. */
export function assertWhole(project: Project): void {
  for (const { name } of Deno.readDirSync(inArtifacts(project, "cache"))) {
    const text = project.read(`artifacts/cache/${name}`);
    const { outputs } = CachedResult.parse(JSON.parse(text));
    for (const { sha256: sha, bytes, folder } of Object.values(outputs)) {
      const path = objectAt(project, sha, folder);
      if (!folder) assertEquals(Deno.statSync(path).size, bytes);
      else {
        const listing = Deno.readTextFileSync(`${path}.json`);
        assertEquals(sha256(listing), sha);
        for (const file of Listing.parse(JSON.parse(listing))) {
          assertEquals(Deno.statSync(join(path, file.path)).size, file.bytes);
        }
      }
    }
  }
}

export function writeResult(
  project: Project,
  { key, days, outputs }: {
    readonly key: string;
    /** Age. */
    readonly days: number;
    readonly outputs: CachedResult["outputs"];
  },
): void {
  writeCached(inArtifacts(project, ""), {
    key,
    outputs,
    metrics: {},
    measurements: {},
    seconds: 1,
    run: "000000",
    time: new Date(Date.now() - days * DAY).toISOString(),
  });
}

/** A result that nothing keeps, with a file; its key. */
export function abandonFile(
  project: Project,
  days: number,
  content: string,
): string {
  const sha = sha256(content);
  const path = objectAt(project, sha);
  Deno.mkdirSync(dirname(path), { recursive: true });
  Deno.writeTextFileSync(path, content, { mode: 0o444 });
  const key = sha256(`key of ${content}`);
  const file = { sha256: sha, bytes: content.length, mediaType: "text/plain" };
  writeResult(project, { key, days, outputs: { file } });
  return key;
}

/** The same with a folder. */
export function abandonFolder(
  project: Project,
  days: number,
  files: Readonly<Record<string, string>>,
): { readonly key: string; readonly path: string } {
  const listing = Object.entries(files).map(([path, content]) => ({
    path,
    sha256: sha256(content),
    bytes: content.length,
  }));
  const sha = hashListing(listing);
  const path = objectAt(project, sha, true);
  Deno.mkdirSync(path, { recursive: true });
  Deno.writeTextFileSync(`${path}.json`, canonical(listing));
  for (const [name, content] of Object.entries(files)) {
    Deno.writeTextFileSync(join(path, name), content);
  }
  const key = sha256(`key of ${sha}`);
  const bytes = listing.reduce((sum, file) => sum + file.bytes, 0);
  const mediaType = "inode/directory";
  const lines = { sha256: sha, bytes, mediaType, folder: true } as const;
  writeResult(project, { key, days, outputs: { lines } });
  return { key, path };
}

export function abandonMany(project: Project, round: number): void {
  for (let i = 0; i < 250; i++) {
    const content = `${round} ${i}`;
    if (i % 2 === 0) abandonFile(project, 1, content);
    else abandonFolder(project, 1, { "0.txt": content, "1.txt": "same" });
  }
}

/** Paths of all files of the cache, the store and the root. */
export function everyFile(project: Project): string[] {
  return [
    ...filesBelow(inArtifacts(project, "cache")),
    ...filesBelow(inArtifacts(project, "objects")),
    ...[...Deno.readDirSync(inArtifacts(project, ""))]
      .filter(({ isFile }) => isFile)
      .map(({ name }) => inArtifacts(project, name)),
  ].filter((path) => !/(lock|index\.json)$/.test(path)).sort();
}

export function countFiles(project: Project): number {
  return everyFile(project).length;
}

/** What is removed meanwhile does not count. */
export function filesBelow(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
      isDirectory ? filesBelow(join(folder, name)) : join(folder, name)
    );
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

export function nodesIn(items: readonly ItemJson[]): string[] {
  return items.map(({ node }) => node ?? "?").sort();
}

export function inArtifacts(project: Project, name: string): string {
  return join(project.path("artifacts"), name);
}

export function cacheAt(project: Project, key: string): string {
  return inArtifacts(project, `cache/${key}.json`);
}

export function objectAt(
  project: Project,
  sha: string,
  isFolder = false,
): string {
  const suffix = isFolder ? ".files" : "";
  const name = `objects/${sha.slice(0, 2)}/${sha.slice(2)}${suffix}`;
  return inArtifacts(project, name);
}

export function unusedPrefix(project: Project): string {
  const all = Array.from(
    { length: 256 },
    (_, i) => i.toString(16).padStart(2, "0"),
  );
  return all.find((prefix) =>
    !exists(inArtifacts(project, `objects/${prefix}`))
  ) ?? "";
}
