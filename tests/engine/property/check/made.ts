/** What a node must make, computed from the world alone, without the engine and the modules' text. */
import { createHash } from "node:crypto";
import {
  type Config,
  type Link,
  nameOf,
  NOTE,
  type Operation,
  type Package,
  shapeOf,
  stagePath,
  TABLE,
  type World,
} from "../model/world.ts";

export type Content =
  | { readonly kind: "file"; readonly text: string }
  | {
    readonly kind: "folder";
    readonly files: Readonly<Record<string, string>>;
  };

export interface Made {
  readonly outputs: Readonly<Record<string, Content>>;
  readonly metrics: Readonly<Record<string, number | string>>;
}

/** Everything that a stage gets and reads. */
export interface Material {
  readonly config: Config;
  readonly seed: number;
  /** Digest of what each output of each input holds. */
  readonly inputs: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Digest of what each data file or folder holds. */
  readonly data: Readonly<Record<string, string>>;
  readonly environment: number | null;
}

export function digest(text: string): string {
  let hash = 2166136261;
  for (const char of text) {
    hash = Math.imul(hash ^ char.charCodeAt(0), 16777619) >>> 0;
  }
  return hash.toString(36);
}

export function digestOf(content: Content): string {
  return digest(keyOf(content));
}

/** A text for a content; equal for equal contents. */
export function keyOf(content: Content): string {
  return content.kind === "file"
    ? `file ${content.text}`
    : `folder ${plain(content.files)}`;
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

/** The stage's part of the work: `apply` is its module's. */
export async function makeBy(
  apply: (text: string) => string | Promise<string>,
  material: Material,
  extra: "none" | "file" | "folder",
): Promise<Made> {
  const summary = plain(material);
  const outputs: Record<string, Content> = {
    main: { kind: "file", text: await apply(`main ${summary}`) },
  };
  if (extra !== "none") {
    const text = await apply(`extra ${summary}`);
    outputs.extra = extra === "file" ? { kind: "file", text } : folderOf(text);
  }
  return {
    outputs,
    metrics: { summary: digest(summary), size: summary.length },
  };
}

/** A folder of no to three files. */
function folderOf(text: string): Content {
  const number = parseInt(digest(text), 36);
  const files = Array.from(
    { length: number % 4 },
    (_, i) => [i === 1 ? `deep/${i}.txt` : `${i}.txt`, `${i} ${text}`] as const,
  );
  return { kind: "folder", files: Object.fromEntries(files) };
}

/** What the stage of a module does with a text. */
export function interpret(world: World, path: string, text: string): string {
  const { links, operation } = world.modules[path].meaning;
  const linked = links.reduce(
    (value, link) => follow(world, link, value),
    text,
  );
  return operate(operation, linked);
}

function follow(world: World, { target, how }: Link, value: string): string {
  switch (how) {
    case "named":
    case "namespace":
    case "dynamic":
      return interpret(world, world.remaps[target] ?? target, value);
    case "reexport":
    case "effect":
      return value;
    case "package":
    case "subpath":
    case "npm":
      return value + rollOf(world.packages, target, how);
    case "alias":
      return follow(world, world.aliases[target], value);
    case "json":
      return value + JSON.parse(world.assets[target]).entry;
    case "opened":
      return value + (world.assets[target] ?? "absent");
  }
}

function operate(operation: Operation, value: string): string {
  switch (operation.kind) {
    case "digest":
      return digest(value + operation.salt);
    case "coarse": {
      let sum = 0;
      for (const char of value) sum += char.charCodeAt(0);
      return String(sum % operation.modulo);
    }
    case "first":
      return value.slice(0, operation.length);
    case "constant":
      return operation.text;
    case "append":
      return value + operation.text;
    case "holes":
      return value + operation.holes;
  }
}

/** What a file of a package does: some changes of it and of what it depends on change that, others do not. */
export function rollOf(
  packages: Readonly<Record<string, Package>>,
  name: string,
  how: "package" | "subpath" | "npm",
): string {
  const { version, dependencies } = packages[name];
  const own = String(Number(version.split(".")[1]) % 2);
  return dependencies.reduce(
    (roll, dependency) =>
      roll + rollOf(packages, dependency.replace(/(?<=.)@.*/, ""), "package"),
    how === "subpath" ? `deep ${own}` : own,
  );
}

/** What a data path holds; a folder has all files below it. */
export function dataAt(world: World, path: string): Content {
  const text = world.data[path];
  if (text !== undefined) return { kind: "file", text };
  const files = Object.entries(world.data)
    .filter(([file]) => file.startsWith(path + "/"))
    .map(([file, text]) => [file.slice(path.length + 1), text] as const);
  return { kind: "folder", files: Object.fromEntries(files) };
}

/** A node with all that decides what it makes, and that. */
export interface Expectation {
  readonly name: string;
  /** Equal for two nodes where one's result is good for the other, and only then. */
  readonly description: string;
  readonly made: Made;
}

/** All that decides what a node makes, but for its stage's code. */
export interface Task {
  readonly stage: string;
  readonly config: Config;
  readonly seed: number;
  readonly inputs: Readonly<Record<string, Readonly<Record<string, Content>>>>;
  readonly data: Readonly<Record<string, Content>>;
  readonly environment: number | null;
}

const known = new Map<string, Promise<Made>>();

/** What a task makes with the code of a world. */
export async function workOf(
  world: World,
  task: Task,
): Promise<Omit<Expectation, "name">> {
  const { stage, config, seed, inputs, data, environment } = task;
  const path = stagePath(stage);
  const description = plain({ ...task, code: codeOf(world, path) });
  const work = known.get(description) ?? makeBy(
    (text) => interpret(world, path, text),
    {
      config,
      seed,
      inputs: mapValues(inputs, (outputs) => mapValues(outputs, digestOf)),
      data: mapValues(data, digestOf),
      environment,
    },
    shapeOf(world, stage).extra,
  );
  known.set(description, work);
  return { description, made: await work };
}

/** What each node of a world makes, in the world's order. */
export async function expectationsOf(world: World): Promise<Expectation[]> {
  const made = new Map<string, Made>();
  const expectations: Expectation[] = [];
  for (const node of world.nodes) {
    const { stage, config, seed } = node;
    const name = nameOf(node);
    const shape = shapeOf(world, stage);
    const inputs = Object.fromEntries(
      Object.entries(node.inputs).map(([input, source]) => [
        input,
        Object.fromEntries(shape.inputs[input].map((output) => {
          const content = made.get(source)?.outputs[output];
          if (content === undefined) {
            throw new Error(`No ${output} of ${source}.`);
          }
          return [output, content];
        })),
      ]),
    );
    const work = await workOf(world, {
      stage,
      config,
      seed,
      inputs,
      data: Object.fromEntries(
        config.reads.map((path) => [path, dataAt(world, path)]),
      ),
      environment: shape.environment ? world.runtime : null,
    });
    made.set(name, work.made);
    expectations.push({ name, ...work });
  }
  return expectations;
}

export function mapValues<T, U>(
  record: Readonly<Record<string, T>>,
  change: (value: T) => U,
): Record<string, U> {
  return Object.fromEntries(
    Object.entries(record).map(([key, value]) => [key, change(value)]),
  );
}

/**
 * What a stage executes: the meaning of each module that it reaches, assets byte by byte, packages with their like, and
 * what the import map makes of the names that it reaches.
 */
function codeOf(world: World, entry: string): unknown {
  const modules: Record<string, unknown> = {};
  const packages: Record<string, string> = {};
  const resolved: Record<string, unknown> = {};
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
    } else collect(world.packages, target, packages);
  }
  return { modules, packages, resolved };
}

function collect(
  packages: World["packages"],
  name: string,
  found: Record<string, string>,
): void {
  const { version, integrity, dependencies } = packages[name];
  const id = `${name}@${version}`;
  if (id in found) return;
  found[id] = integrity;
  for (const dependency of dependencies) {
    collect(packages, dependency.replace(/(?<=.)@.*/, ""), found);
  }
}

/** The name of a content in the store, by the store's documented format. */
export function shaOf(content: Content): string {
  return content.kind === "file" ? sha256(content.text) : sha256(plain(
    Object.keys(content.files).sort().map((path) => {
      const text = content.files[path];
      return { path, sha256: sha256(text), bytes: bytesOf(text).length };
    }),
  ));
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function sizeOf(content: Content): number {
  const texts = content.kind === "file"
    ? [content.text]
    : Object.values(content.files);
  return texts.reduce((sum, text) => sum + bytesOf(text).length, 0);
}

export function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
