/** Checks recorded nodes against what those must make, also if files changed while they ran. */
import { assertEquals } from "@std/assert";
import { join, relative } from "@std/path";
import { objectPath } from "../play/object_damage.ts";
import {
  type Content,
  dataAt,
  type Expectation,
  keyOf,
  type Made,
  mapValues,
  plain,
  sha256,
  shaOf,
  workOf,
} from "./made.ts";
import type { Memory } from "./oracle.ts";
import { read } from "../model/pipeline.ts";
import {
  checkMade,
  type NodeRecord,
  type Recorded,
  type Records,
} from "../play/run.ts";
import { statOf } from "../model/site.ts";
import { DATA_FILES, DATA_FOLDER, type World } from "../model/world.ts";

/** What is known of hashes that records name. */
export interface Knowledge {
  /** By their names in keys. */
  readonly contents: Map<string, Content>;
  /** Worlds that have the code, by the hash of the code of one of their stages. */
  readonly codes: Map<string, World>;
  /** Records of which something is not known yet, by key. */
  readonly pending: Map<string, NodeRecord>;
  /** What the nodes of these keys make. */
  readonly made: Map<string, Made>;
}

export interface Audited {
  readonly root: string;
  readonly artifacts: string;
  readonly memory: Memory;
  readonly records: Records;
  readonly knowledge: Knowledge;
}

export function emptyKnowledge(): Knowledge {
  return {
    contents: new Map(),
    codes: new Map(),
    pending: new Map(),
    made: new Map(),
  };
}

export function learnData(knowledge: Knowledge, world: World): void {
  for (const path of [...DATA_FILES, DATA_FOLDER]) {
    learnContent(knowledge, dataAt(world, path));
  }
}

export function learnMade(
  knowledge: Knowledge,
  expectations: readonly Expectation[],
): void {
  for (const { made } of expectations) {
    for (const content of Object.values(made.outputs)) {
      learnContent(knowledge, content);
    }
  }
}

/** Keys name a folder by its hash with a slash behind it. */
function learnContent({ contents }: Knowledge, content: Content): void {
  const mark = content.kind === "folder" ? "/" : "";
  contents.set(shaOf(content) + mark, content);
}

/** Checks records of the manifest if it is known what they must make; the others later. */
export async function audit(
  site: Audited,
  names: ReadonlySet<string>,
): Promise<void> {
  const { artifacts, knowledge: { pending } } = site;
  const manifest = jsonAt<{ nodes: Record<string, NodeRecord> }>(
    join(artifacts, "manifest.json"),
  );
  for (const [name, record] of Object.entries(manifest?.nodes ?? {})) {
    if (names.has(name)) pending.set(record.key, record);
  }
  for (let before = -1; before !== pending.size;) {
    before = pending.size;
    for (const record of pending.values()) await auditRecord(site, record);
  }
  for (const [key, made] of site.knowledge.made) {
    const cached = cachedAt(artifacts, key);
    if (cached !== undefined) {
      checkMade(cached, { name: `the cached result ${key}`, made });
    }
  }
}

async function auditRecord(
  { root, memory, records, knowledge }: Audited,
  record: NodeRecord,
): Promise<void> {
  const { contents, codes, pending, made: known } = knowledge;
  const { key, preimage } = record;
  const { stage, config, seed, environment } = preimage;
  assertEquals(key, sha256(plain(preimage)), "a key and what it is of");
  const world = codes.get(preimage.code);
  const shas = [
    ...Object.values(preimage.files),
    ...Object.values(preimage.inputs).flatMap((input) => Object.values(input)),
  ];
  if (world === undefined || !shas.every((sha) => contents.has(sha))) return;
  const contentOf = (sha: string): Content =>
    contents.get(sha) ?? { kind: "file", text: "" };
  const inProject = (path: string) => relative(root, path);
  const { description, made } = await workOf(world, {
    stage,
    config: { ...config, reads: config.reads.map(inProject) },
    seed,
    inputs: mapValues(preimage.inputs, (input) => mapValues(input, contentOf)),
    data: Object.fromEntries(
      Object.entries(preimage.files)
        .map(([path, sha]) => [inProject(path), contentOf(sha)]),
    ),
    environment,
  });
  checkMade(record, { name: `the node of key ${key}`, made });
  assertEquals(records.keys.get(description) ?? key, key, "key of a node");
  records.keys.set(description, key);
  if (memory.unsure.delete(key)) memory.cached.add(description);
  for (const content of Object.values(made.outputs)) {
    learnContent(knowledge, content);
    const isWhole = memory.whole.has(keyOf(content));
    if (!isWhole) memory.broken.set(keyOf(content), content);
  }
  known.set(key, made);
  pending.delete(key);
}

/** Brings the memory to what lies on the disk, where a run cannot be followed since files changed meanwhile. */
export function lookAgain({ artifacts, memory, records }: Audited): void {
  const { cached, unsure, whole, broken } = memory;
  for (const [key, content] of [...whole, ...broken]) {
    const [to, from] = isWhole(artifacts, content)
      ? [whole, broken]
      : [broken, whole];
    to.set(key, content);
    from.delete(key);
  }
  cached.clear();
  unsure.clear();
  const descriptions = new Map(
    [...records.keys].map(([description, key]) => [key, description]),
  );
  for (const key of cachedKeys(artifacts)) {
    const description = descriptions.get(key);
    if (description === undefined) unsure.add(key);
    else cached.add(description);
  }
}

/** The keys of all results that are cached in files as they were written. */
function cachedKeys(artifacts: string): string[] {
  const folder = join(artifacts, "cache");
  if (statOf(folder)?.isDirectory !== true) return [];
  return [...Deno.readDirSync(folder)]
    .map(({ name }) => name.replace(/\.json$/, ""))
    .filter((key) => cachedAt(artifacts, key) !== undefined);
}

function cachedAt(artifacts: string, key: string): Recorded | undefined {
  const path = join(artifacts, "cache", `${key}.json`);
  const found = jsonAt<Recorded & { key: string; checksum: string }>(path);
  if (found === undefined) return undefined;
  const { checksum, ...record } = found;
  const isSound = record.key === key && checksum === sha256(plain(record));
  return isSound ? record : undefined;
}

/** The value of a file of JSON, or undefined for what is none. */
function jsonAt<T>(path: string): T | undefined {
  if (statOf(path)?.isFile !== true) return undefined;
  try {
    return JSON.parse(Deno.readTextFileSync(path)) ?? undefined;
  } catch {
    return undefined;
  }
}

function isWhole(artifacts: string, content: Content): boolean {
  const path = objectPath(artifacts, content);
  const info = statOf(path);
  if (info === undefined) return false;
  if (content.kind === "file") {
    return info.isFile && keyOf(read(path)) === keyOf(content);
  }
  const listing = `${path}.json`;
  return info.isDirectory && keyOf(read(path)) === keyOf(content) &&
    statOf(listing)?.isFile === true &&
    sha256(Deno.readFileSync(listing)) === shaOf(content);
}
