/** What an artifact folder holds, what a run has to do then, and whether that is what it did. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import type { NodeReport } from "../../../engine/run/node_record.ts";
import { filesBelow, jsonAt, read, statOf } from "./disk.ts";
import {
  contentName,
  doesOfCode,
  type Expectation,
  type Made,
  make,
  plain,
  type Preimage,
  sha256,
  shaOf,
  sizeOf,
} from "./expected.ts";
import { count, learn, type Site } from "./site.ts";

interface Recorded {
  readonly metrics: unknown;
  readonly outputs: Readonly<
    Record<string, { readonly sha256: string; readonly bytes: number }>
  >;
}

interface NodeRecord extends Recorded {
  readonly key: string;
  readonly preimage: Preimage;
}

export interface Manifest {
  readonly nodes: Readonly<Record<string, NodeRecord | undefined>>;
}

/** What lies on the disk, by the documented formats. */
interface Scan {
  /** Cached results as they were written, by key. */
  readonly cached: ReadonlyMap<string, Recorded>;
  /** Names of the objects that are whole. */
  readonly whole: ReadonlySet<string>;
}

export function scan(artifacts: string): Scan {
  const cached = new Map<string, Recorded>();
  for (const path of filesBelow(join(artifacts, "cache"))) {
    const [, key = ""] = /([^/]*)\.json$/.exec(path) ?? [];
    const { checksum, ...record } =
      jsonAt<Recorded & { key: string; checksum: string }>(path) ??
        { key: undefined, checksum: undefined, outputs: {}, metrics: {} };
    const isSound = record.key === key && checksum === sha256(plain(record));
    if (isSound) cached.set(key, record);
  }
  const whole = new Set<string>();
  for (const path of filesBelow(join(artifacts, "objects"))) {
    const [, prefix, rest, listing] =
      /\/objects\/(..)\/([0-9a-f]{62})(\.files\.json)?$/.exec(path) ?? [];
    const sha = `${prefix}${rest}`;
    if (sha !== sha256(Deno.readFileSync(path))) continue;
    const folder = path.replace(/\.json$/, "");
    if (listing === undefined) whole.add(sha);
    else if (statOf(folder)?.isDirectory && shaOf(read(folder)) === sha) {
      whole.add(`${sha}/`);
    }
  }
  return { cached, whole };
}

/** The names of what a node makes. */
export function namesIn({ outputs }: Made): string[] {
  return Object.values(outputs).map(contentName);
}

/** Where an object lies. */
export function objectPath(artifacts: string, name: string): string {
  const path = join(artifacts, "objects", name.slice(0, 2), name.slice(2));
  return name.endsWith("/") ? path.replace(/\/$/, ".files") : path;
}

/** Whether a node has a result that can be used. */
export function isCurrent(
  { cached, whole }: Scan,
  { key, made }: Pick<Expectation, "key" | "made">,
): boolean {
  return cached.has(key) && namesIn(made).every((name) => whole.has(name));
}

interface Forecast {
  /** The nodes that have to run where one runs at a time, in the graph's order. */
  readonly ran: readonly Expectation[];
  /** Which nodes run depends on which is first: one makes an object again that another finds broken. */
  readonly isOrdered: boolean;
  /** Nodes that run since what they made was broken. */
  readonly faults: number;
}

/** What a run of some nodes has to do. */
export function forecast(
  before: Scan,
  expectations: readonly Expectation[],
): Forecast {
  const cached = new Map(before.cached), whole = new Set(before.whole);
  const missing = new Set<string>();
  let isOrdered = false, faults = 0;
  const ran = expectations.filter((expectation) => {
    const { key, made } = expectation;
    const names = namesIn(made);
    const lacking = names.filter((name) => !before.whole.has(name));
    isOrdered ||= lacking.some((name) => missing.has(name));
    for (const name of lacking) missing.add(name);
    if (isCurrent({ cached, whole }, expectation)) return false;
    if (cached.has(key)) faults++;
    cached.set(key, { outputs: {}, metrics: {} });
    for (const name of names) whole.add(name);
    return true;
  });
  return { ran, isOrdered, faults };
}

/** Nodes of equal keys are one piece of work, which any of them may do where several run at once. */
export function checkRan(
  names: readonly string[],
  expected: readonly Expectation[],
  expectations: readonly Expectation[],
  jobs: number,
): void {
  const had = expected.map(({ name }) => name);
  const what = "nodes that ran and nodes that had to";
  if (jobs === 1) return assertEquals(names, had, what);
  const keys = new Map(expectations.map(({ name, key }) => [name, key]));
  const twins = (name: string) =>
    expectations.filter(({ key }) => key === keys.get(name))
      .map(({ name }) => name).join(" or ");
  assertEquals(names.map(twins).sort(), had.map(twins).sort(), what);
}

/** `name` names the node in messages. */
function checkMade(name: string, found: Recorded, made: Made): void {
  const outputs = Object.entries(found.outputs)
    .map(([output, { sha256, bytes }]) => [output, sha256, bytes]);
  const contents = Object.entries(made.outputs)
    .map(([output, content]) => [output, shaOf(content), sizeOf(content)]);
  assertEquals(outputs.sort(), contents.sort(), `outputs of ${name}`);
  assertEquals(found.metrics, made.metrics, `metrics of ${name}`);
}

export interface Ended {
  readonly reports: readonly NodeReport[];
  /** Whether the run came to its end, so that the manifest names what it brought up to date. */
  readonly isRecorded: boolean;
  /** Whether nodes were forced to run, or results damaged meanwhile. */
  readonly isForced?: boolean;
  readonly isDamaged?: boolean;
}

/** After any run: nothing is wrong in what it reports and keeps, nothing is lost, and nothing ran that need not. */
export async function checkEnd(
  site: Site,
  before: Scan,
  { reports, isRecorded, isForced = false, isDamaged = false }: Ended,
): Promise<void> {
  const { artifacts, made } = site;
  await learn(site);
  const done = reports.filter(({ state }) => /^(ran|cached)$/.test(state));
  const manifest = jsonAt<Manifest>(join(artifacts, "manifest.json"));
  if (isRecorded) {
    for (const { name, key = "" } of done) {
      const record = manifest?.nodes[name];
      assert(record !== undefined, `${name} is not in the manifest`);
      assertEquals(record.key, key, `recorded key of ${name}`);
      assertEquals(key, sha256(plain(record.preimage)), "a key's preimage");
      const { stage: _, code, ...material } = record.preimage;
      const does = doesOfCode(code);
      if (does !== undefined) made.set(key, make(does, material));
      count(site, "audited nodes");
      const what = made.get(key);
      if (what !== undefined) checkMade(name, record, what);
    }
  }
  const after = scan(artifacts);
  for (const { name, key = "", state, ...report } of done) {
    const what = made.get(key);
    if (what === undefined) {
      count(site, "nodes of code that was in no world");
      continue;
    }
    checkMade(name, report, what);
    if (isDamaged) continue;
    assert(isCurrent(after, { key, made: what }), `${name} is not kept`);
    const isNeedless = state === "ran" && !isForced &&
      isCurrent(before, { key, made: what });
    assert(!isNeedless, `${name} ran needlessly`);
  }
  for (const [key, record] of after.cached) {
    const what = made.get(key);
    if (what !== undefined) checkMade(`the cached ${key}`, record, what);
  }
  if (isDamaged) return;
  const lost = [
    ...[...before.cached.keys()].filter((key) => !after.cached.has(key)),
    ...[...before.whole].filter((name) => !after.whole.has(name)),
  ];
  assertEquals(lost, [], "results and objects that a run lost");
}

/** What lies at the manifest's path, so that a change of it is seen; undefined for nothing. */
export function manifestState({ artifacts }: Site): string | undefined {
  const path = join(artifacts, "manifest.json");
  const info = statOf(path);
  if (info === undefined) return undefined;
  return info.isFile
    ? `${info.ino} ${Deno.readTextFileSync(path)}`
    : `${info.ino}, no file`;
}
