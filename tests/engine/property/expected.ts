/** What each node of a world is and makes, computed from the world; of the engine only its hashes of code are taken. */
import { assertEquals } from "@std/assert";
import { join, toFileUrl } from "@std/path";
import { createHash } from "node:crypto";
import { openProject } from "../../../engine/keys/project.ts";
import type { Module } from "../../../engine/keys/stat_index.ts";
import { openWorkspace } from "../../../engine/store/workspace.ts";
import { filesOfWorld } from "./text.ts";
import {
  type Link,
  nameOf,
  NOTE,
  type Package,
  type Shape,
  shapeOf,
  stagePath,
  stagesOf,
  TABLE,
  type World,
} from "./world.ts";

/** The text of a file, or the texts of a folder's files by their paths. */
export type Content = string | Readonly<Record<string, string>>;

export interface Made {
  readonly outputs: Readonly<Record<string, Content>>;
  readonly metrics: Readonly<Record<string, number | string>>;
}

/** All that decides what a node makes, but for its stage's code; contents by their names. */
export interface Material {
  /** With the absolute paths of what it reads. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly inputs: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly files: Readonly<Record<string, string>>;
  readonly environment: number | null;
}

export interface Preimage extends Material {
  readonly stage: string;
  /** The engine's hash of the code. */
  readonly code: string;
}

export interface Expectation {
  readonly name: string;
  readonly key: string;
  readonly made: Made;
}

/** What the code of a stage does. */
export type Does = Pick<Shape, "grain" | "extra"> & { readonly value: string };

/** The stage's part of the work. */
export function make({ value, grain, extra }: Does, material: Material): Made {
  const all = sha256(value + plain(material));
  const text = grain === "all"
    ? all
    : grain === "coarse"
    ? String(parseInt(all.slice(0, 8), 16) % 2)
    : value;
  const files = Array.from(
    { length: parseInt(sha256(text)[0], 16) % 4 },
    (_, i) => [i === 1 ? `deep/${i}.txt` : `${i}.txt`, `${i} ${text}`],
  );
  return {
    outputs: {
      main: `main ${text}`,
      extra: extra === "file" ? `extra ${text}` : Object.fromEntries(files),
    },
    metrics: { all, size: value.length },
  };
}

/** What each node of a world makes, in the world's order. */
export async function expectationsOf(
  root: string,
  world: World,
): Promise<Expectation[]> {
  const codes = await codesOf(world);
  const made = new Map<string, Made>();
  return world.nodes.map((node) => {
    const { stage, seed, config: { level, note, reads } } = node;
    const name = nameOf(node), shape = shapeOf(world, stage);
    const paths = reads.map((path) => join(root, path));
    const inputs = Object.entries(node.inputs).map(([input, source]) => {
      const outputs = made.get(source)?.outputs ?? {};
      const read = shape.inputs[input].map((output) =>
        [output, contentName(outputs[output])] as const
      );
      return [input, Object.fromEntries(read)] as const;
    });
    const material: Material = {
      config: { level, note, reads: paths },
      seed,
      inputs: Object.fromEntries(inputs),
      files: Object.fromEntries(
        reads.map((path, i) => [paths[i], contentName(dataAt(world, path))]),
      ),
      environment: shape.environment ? world.runtime : null,
    };
    const preimage: Preimage = { stage, code: codes[stage], ...material };
    const result = make(doesOf(world, stage), material);
    made.set(name, result);
    return { name, key: sha256(plain(preimage)), made: result };
  });
}

/** Each hash of code that the engine ever gave, with what that code does. */
const known = new Map<string, { meaning: string; does: Does }>();
const hashes = new Map<string, string>();
/** The engine's hashes of modules, by their texts. */
const summaries = new Map<string, Module>();
const codesByFiles = new Map<string, Promise<Record<string, string>>>();

/** What the code of a hash does; undefined where it is that of no world. */
export function doesOfCode(hash: string): Does | undefined {
  return known.get(hash)?.does;
}

/** The engine's hash of each stage's code: equal where the code means the same, and only there. */
function codesOf(world: World): Promise<Record<string, string>> {
  const files = filesOfWorld(world);
  for (const path in files) if (path.startsWith("..")) delete files[path];
  const text = plain(files);
  const codes = codesByFiles.get(text) ?? hashCodes(world, files);
  codesByFiles.set(text, codes);
  return codes;
}

async function hashCodes(
  world: World,
  files: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const root = makeFolder();
  try {
    for (const [path, text] of Object.entries(files)) {
      Deno.mkdirSync(join(root, path, ".."), { recursive: true });
      Deno.writeTextFileSync(join(root, path), text);
    }
    const project = openProject(root);
    const { code } = openWorkspace(join(root, "none"), {
      project,
      index: {
        file: () => undefined,
        rememberFile() {},
        module: (name) => summaries.get(files[name]),
        rememberModule: (name, _info, module) =>
          void summaries.set(files[name], module),
        save() {},
      },
    });
    const codes: Record<string, string> = {};
    for (const stage of stagesOf(world)) {
      const url = toFileUrl(join(root, stagePath(stage))).href;
      const { hash } = await code.stage(url);
      const meaning = plain(meaningOf(world, stagePath(stage)));
      const does = doesOf(world, stage);
      const before = known.get(hash)?.meaning ?? meaning;
      assertEquals(before, meaning, "two codes of one hash");
      assertEquals(hashes.get(meaning) ?? hash, hash, "hashes of one code");
      known.set(hash, { meaning, does });
      hashes.set(meaning, hash);
      codes[stage] = hash;
    }
    return codes;
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
}

/**
 * What a stage executes: the meaning of each module that it reaches, assets byte by byte, packages with their like, and
 * what the import map makes of the names that it reaches.
 */
function meaningOf(world: World, entry: string): unknown {
  const modules: Record<string, unknown> = {};
  const packages: Record<string, string> = {};
  const resolved: Record<string, unknown> = {};
  const addPackage = (name: string) => {
    const { version, integrity, dependencies } = world.packages[name];
    const id = `${name}@${version}`;
    if (id in packages) return;
    packages[id] = integrity;
    for (const each of dependencies) addPackage(each.replace(/(?<=.)@.*/, ""));
  };
  const open: Link[] = [{ target: entry, how: "named" }];
  for (let link = open.pop(); link !== undefined; link = open.pop()) {
    const { target, how } = link;
    if (how === "alias") {
      resolved[target] = world.aliases[target];
      open.push(world.aliases[target]);
    } else if (target === TABLE || target === NOTE) {
      const text = world.assets[target];
      if (text !== undefined) modules[target] = text;
    } else if (target in world.modules) {
      const path = world.remaps[target] ?? target;
      if (path !== target) resolved[target] = path;
      if (path in modules) continue;
      modules[path] = world.modules[path].meaning;
      open.push(...world.modules[path].meaning.links);
    } else addPackage(target);
  }
  return { modules, packages, resolved };
}

function doesOf(world: World, stage: string): Does {
  const { grain, extra } = shapeOf(world, stage);
  return { value: valueOf(world, stagePath(stage)), grain, extra };
}

/** What a module's function gives. */
function valueOf(world: World, path: string): string {
  const { text, holes, links } = world.modules[path].meaning;
  const follow = ({ target, how }: Link): string => {
    switch (how) {
      case "reexport":
      case "effect":
        return "";
      case "alias":
        return follow(world.aliases[target]);
      case "json":
        return JSON.parse(world.assets[target]).entry;
      case "opened":
        return world.assets[target] ?? "absent";
      case "package":
      case "subpath":
      case "npm":
        return packageValue(target, world.packages[target], how === "subpath");
      default:
        return valueOf(world, world.remaps[target] ?? target);
    }
  };
  return [text, ...links.map(follow), holes].join("|");
}

/** What a file of a package gives, which not every change of the package changes. */
export function packageValue(
  name: string,
  { version }: Pick<Package, "version">,
  isDeep: boolean,
): string {
  return `${name} ${Number(version.split(/[._]/)[2]) % 2}${
    isDeep ? " deep" : ""
  }`;
}

/** What a data path holds; a folder has all files below it. */
function dataAt({ data }: World, path: string): Content {
  return data[path] ?? Object.fromEntries(
    Object.entries(data).filter(([file]) => file.startsWith(`${path}/`))
      .map(([file, text]) => [file.slice(path.length + 1), text]),
  );
}

/** The name of a content in the store, by the store's documented format. */
export function shaOf(content: Content): string {
  return typeof content === "string" ? sha256(content) : sha256(plain(
    Object.keys(content).sort().map((path) => ({
      path,
      sha256: sha256(content[path]),
      bytes: sizeOf(content[path]),
    })),
  ));
}

/** The name of a content in a key, where that of a folder has a slash behind it. */
export function contentName(content: Content): string {
  return shaOf(content) + (typeof content === "string" ? "" : "/");
}

export function sizeOf(content: Content): number {
  return typeof content === "string"
    ? new TextEncoder().encode(content).length
    : Object.values(content).reduce((sum, text) => sum + sizeOf(text), 0);
}

export function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** JSON with sorted keys. */
export function plain(value: unknown): string {
  return JSON.stringify(
    value,
    (_key, inner) =>
      typeof inner === "object" && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(
          Object.entries(inner).sort(([a], [b]) => a < b ? -1 : 1),
        )
        : inner,
  );
}

export function mapValues<T, U>(
  record: Readonly<Record<string, T>>,
  change: (value: T) => U,
): Record<string, U> {
  return Object.fromEntries(
    Object.entries(record).map(([key, value]) => [key, change(value)]),
  );
}

/** A temporary folder; fsync costs nothing where the files lie in memory. */
export function makeFolder(): string {
  let dir: string | undefined = "/dev/shm";
  try {
    if (!Deno.statSync(dir).isDirectory) dir = undefined;
  } catch {
    dir = undefined;
  }
  return Deno.makeTempDirSync({ dir, prefix: "property-" });
}
