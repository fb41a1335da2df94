/** All that decides what a pipeline makes, as plain data: modules by what they mean, packages, data files, nodes. */
import type { Dice } from "./dice.ts";

/** What a module does with a text after the modules that it imports have done their part. */
export type Operation =
  /** Any change of the text changes the result. */
  | { readonly kind: "digest"; readonly salt: string }
  /** Many texts have the same result, as with `constant` and `first`. */
  | { readonly kind: "coarse"; readonly modulo: number }
  | { readonly kind: "first"; readonly length: number }
  | { readonly kind: "constant"; readonly text: string }
  | { readonly kind: "append"; readonly text: string; readonly quote: Quote }
  /** Appends the length of an array of holes, whose commas mean something. */
  | { readonly kind: "holes"; readonly holes: number };

export type Quote = "string" | "template";

/** How a module refers to another file or to a package. */
export const LOCAL_LINKS = [
  "named",
  "namespace",
  "dynamic",
  "reexport",
  "effect",
] as const;
export const PACKAGE_LINKS = ["package", "subpath", "npm"] as const;
export type How =
  | typeof LOCAL_LINKS[number]
  | typeof PACKAGE_LINKS[number]
  | "alias"
  | "json"
  | "opened";

export interface Link {
  /** A path in the project, the name of a package or an alias. */
  readonly target: string;
  readonly how: How;
}

/** What an alias of the import map stands for: the main file of a package, another file of it, or a module. */
export interface AliasTarget {
  readonly target: string;
  readonly how: "package" | "subpath" | "named";
}

/** What a stage declares; it is written in its module, so that a change of it is a change of code. */
export interface Shape {
  readonly inputs: Readonly<Record<string, readonly string[]>>;
  readonly optional: readonly string[];
  /** The second output, beside `main`. */
  readonly extra: "none" | "file" | "folder";
  readonly mediaType: string;
  readonly environment: boolean;
}

export interface Meaning {
  operation: Operation;
  links: Link[];
  /** A constant that nothing reads. */
  idle: number;
  shape?: Shape;
}

export interface Module {
  meaning: Meaning;
  /** Decides comments, formatting and types, and so nothing that is made. */
  style: number;
}

export interface Package {
  version: string;
  integrity: string;
  /** As a lock file names them. */
  dependencies: string[];
}

export interface Config {
  readonly level: number;
  readonly shout: boolean;
  readonly note: string;
  /** Data files and folders, as paths from the project's root. */
  readonly reads: readonly string[];
}

export const DEFAULTS = { shout: false, note: "", reads: [] } as const;

export interface NodeSpec {
  stage: string;
  prefix?: string;
  name?: string;
  config: Config;
  seed: number;
  /** Full names of the nodes behind the inputs. */
  inputs: Record<string, string>;
  /** Whether the experiment spells out what are defaults, and in another order. */
  verbose: boolean;
}

export interface World {
  modules: Record<string, Module>;
  /** JSON and text files that modules import or open. */
  assets: Record<string, string>;
  /** Version of a module that has types only. */
  types: number;
  packages: Record<string, Package>;
  /** Names of the import map whose meaning changes. */
  aliases: Record<string, AliasTarget>;
  /** Helpers in whose place the import map puts others, by their paths. */
  remaps: Record<string, string>;
  /** An entry of the import map that no module names. */
  spare: number;
  /** Version of the package that prints modules for their hash; it decides nothing. */
  printer: string;
  /** Data files of the user, by their paths from the project's root. */
  data: Record<string, string>;
  /** What the environment of a stage is, where it declares one. */
  runtime: number;
  nodes: NodeSpec[];
}

export const TYPES = "lib/types.ts";
export const TABLE = "lib/table.json";
export const NOTE = "lib/note.txt";
/** The user's data lie outside the project. */
export const DATA_FOLDER = "../data/folder";
export const DATA_FILES = ["../data/a.txt", "../data/b.txt"] as const;
/** A stage may import the first three; the others are there as dependencies or for nothing. */
export const IMPORTABLE = ["dice", "@toss/coin", "urn"] as const;

export const ALIASES = ["one", "two"] as const;

/** Whitespace, commas and marks of comments inside a literal are no formatting. */
export const TEXTS = ["k", "k ", "k  ", "// k", "k,", "é\n", "[]"];

export function nameOf({ stage, prefix, name }: NodeSpec): string {
  const own = name === undefined ? stage : `${stage}:${name}`;
  return prefix === undefined ? own : `${prefix}/${own}`;
}

export function stagePath(stage: string): string {
  return `stages/${stage}.ts`;
}

export function shapeOf(world: World, stage: string): Shape {
  const { shape } = world.modules[stagePath(stage)].meaning;
  if (shape === undefined) throw new Error(`"${stage}" is no stage.`);
  return shape;
}

/** The stages of a world; a module of each lies in stages/. */
export function stagesOf(world: World): string[] {
  return Object.keys(world.modules).flatMap((path) =>
    /^stages\/(.*)\.ts$/.exec(path)?.[1] ?? []
  );
}

export function outputsOf({ extra }: Shape): string[] {
  return extra === "none" ? ["main"] : ["main", "extra"];
}

export function randomOperation(dice: Dice): Operation {
  switch (dice.below(9)) {
    case 0:
    case 1:
    case 2:
      return { kind: "digest", salt: dice.pick(["", "p", "q"]) };
    case 3:
    case 4:
      return { kind: "coarse", modulo: 2 + dice.below(2) };
    case 5:
      return dice.chance(0.5)
        ? { kind: "first", length: dice.below(12) }
        : { kind: "constant", text: dice.pick(TEXTS) };
    case 6:
    case 7:
      return {
        kind: "append",
        text: dice.pick(TEXTS),
        quote: dice.pick(["string", "template"]),
      };
    default:
      return { kind: "holes", holes: dice.below(3) };
  }
}

/** Where a module may refer to: helpers only to later ones, so that no circle arises. */
export function randomLink(world: World, from: string, dice: Dice): Link {
  const kind = dice.below(10);
  const later = helpersOf(world).filter((path) =>
    !from.startsWith("lib/") || path > from
  );
  // An alias may stand for the last helper, which therefore has none.
  if (kind >= 8 && (later.length > 0 || !from.startsWith("lib/"))) {
    return { target: dice.pick(ALIASES), how: "alias" };
  }
  if (kind === 0) return { target: TABLE, how: "json" };
  if (kind === 1) return { target: NOTE, how: "opened" };
  if (kind <= 3) {
    return { target: dice.pick(IMPORTABLE), how: dice.pick(PACKAGE_LINKS) };
  }
  return later.length === 0
    ? { target: TABLE, how: "json" }
    : { target: dice.pick(later), how: dice.pick(LOCAL_LINKS) };
}

/** The modules that others import, each of which may import later ones. */
export function helpersOf({ modules }: World): string[] {
  return Object.keys(modules).filter((path) => path.startsWith("lib/")).sort();
}

export function randomAlias(world: World, dice: Dice): AliasTarget {
  const last = helpersOf(world).at(-1);
  return last !== undefined && dice.chance(0.3)
    ? { target: last, how: "named" }
    : {
      target: dice.pick(IMPORTABLE),
      how: dice.pick(["package", "subpath"]),
    };
}

function randomModule(world: World, path: string, dice: Dice): Module {
  const links = Array.from(
    { length: dice.pick([0, 0, 1, 1, 2]) },
    () => randomLink(world, path, dice),
  );
  return {
    meaning: { operation: randomOperation(dice), links, idle: 0 },
    style: 0,
  };
}

function randomShape(dice: Dice, sources: readonly Shape[]): Shape {
  const outputs = ["main"];
  if (sources.some(({ extra }) => extra !== "none")) outputs.push("extra");
  const names = ["first", "second"].slice(0, dice.pick([0, 1, 1, 2, 2]));
  return {
    inputs: Object.fromEntries(
      names.map((name) => [name, dice.pick([["main"], outputs])]),
    ),
    optional: names.filter(() => dice.chance(0.3)),
    extra: dice.pick(["none", "none", "file", "folder", "folder"]),
    mediaType: "text/plain",
    environment: dice.chance(0.3),
  };
}

export function randomConfig(dice: Dice): Config {
  return {
    level: dice.below(4),
    shout: dice.chance(0.2),
    note: dice.pick(["", "", "n"]),
    reads: [...DATA_FILES, DATA_FOLDER].filter(() => dice.chance(0.25)),
  };
}

/** Gives each input of a stage a node that has the outputs; undefined where there is none. */
export function randomInputs(
  world: World,
  stage: string,
  before: readonly NodeSpec[],
  dice: Dice,
): Record<string, string> | undefined {
  const { inputs, optional } = shapeOf(world, stage);
  const given: Record<string, string> = {};
  for (const [input, outputs] of Object.entries(inputs)) {
    if (optional.includes(input) && dice.chance(0.5)) continue;
    const sources = sourcesOf(world, outputs, before);
    if (sources.length === 0) {
      if (optional.includes(input)) continue;
      return undefined;
    }
    given[input] = nameOf(dice.pick(sources));
  }
  return given;
}

/** The nodes that have some outputs. */
export function sourcesOf(
  world: World,
  outputs: readonly string[],
  nodes: readonly NodeSpec[],
): NodeSpec[] {
  return nodes.filter((node) => {
    const made = outputsOf(shapeOf(world, node.stage));
    return outputs.every((output) => made.includes(output));
  });
}

export function randomWorld(dice: Dice): World {
  const world: World = {
    modules: {},
    assets: { [TABLE]: '{ "entry": "t" }', [NOTE]: "note" },
    types: 0,
    packages: {
      dice: { version: "1.0.0", integrity: "sha512-a", dependencies: [] },
      "@toss/coin": {
        version: "2.0.0_grain@1.0.0",
        integrity: "sha512-b",
        dependencies: ["grain"],
      },
      urn: { version: "3.0.0", integrity: "sha512-c", dependencies: ["dice"] },
      grain: { version: "1.0.0", integrity: "sha512-d", dependencies: [] },
      idle: { version: "1.0.0", integrity: "sha512-e", dependencies: [] },
    },
    aliases: {},
    remaps: {},
    spare: 0,
    printer: "6.0.3",
    data: {
      "../data/a.txt": "aaaa",
      "../data/b.txt": "bbbb",
      "../data/folder/one.txt": "one",
      "../data/folder/deep/two.txt": "two",
    },
    runtime: 0,
    nodes: [],
  };
  const helpers = 1 + dice.below(3), stages = 2 + dice.below(2);
  for (let i = helpers - 1; i >= 0; i--) {
    const path = `lib/h${i}.ts`;
    world.modules[path] = randomModule(world, path, dice);
  }
  for (const alias of ALIASES) world.aliases[alias] = randomAlias(world, dice);
  const shapes: Shape[] = [];
  for (let i = 0; i < stages; i++) {
    const path = `stages/s${i}.ts`;
    const module = randomModule(world, path, dice);
    const shape = randomShape(dice, shapes);
    shapes.push(i === 0 ? { ...shape, inputs: {}, optional: [] } : shape);
    module.meaning.shape = shapes[i];
    world.modules[path] = module;
  }
  const nodes = 3 + dice.below(3);
  for (let i = 0; world.nodes.length < nodes; i++) {
    const stage = i < stages ? `s${i}` : dice.pick(stagesOf(world));
    addNode(world, stage, i, dice);
  }
  return world;
}

/** Adds a node of a stage at the end; false where its inputs cannot be given. */
export function addNode(
  world: World,
  stage: string,
  number: number,
  dice: Dice,
): boolean {
  const inputs = randomInputs(world, stage, world.nodes, dice);
  if (inputs === undefined) return false;
  const node: NodeSpec = {
    stage,
    prefix: dice.pick([undefined, undefined, "p"]),
    name: dice.chance(0.2) ? undefined : `n${number}`,
    config: randomConfig(dice),
    seed: dice.below(2),
    inputs,
    verbose: false,
  };
  const taken = new Set(world.nodes.map(nameOf));
  if (taken.has(nameOf(node))) node.name = `n${number}`;
  if (taken.has(nameOf(node))) return false;
  world.nodes.push(node);
  return true;
}
