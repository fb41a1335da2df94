/** All that decides what a pipeline makes, as plain data: modules by what they mean, packages, data files, nodes. */
import type { Dice } from "./dice.ts";

/** How a module refers to another module, to a package, and to anything. */
export const LOCAL_LINKS = [
  "named",
  "namespace",
  "dynamic",
  "reexport",
  "effect",
] as const;
export const PACKAGE_LINKS = ["package", "subpath", "npm"] as const;

export interface Link {
  /** A path in the project, the name of a package or an alias. */
  readonly target: string;
  readonly how:
    | typeof LOCAL_LINKS[number]
    | typeof PACKAGE_LINKS[number]
    | "alias"
    | "json"
    | "opened";
}

/** What a stage declares; it is written in its module, so that a change of it is a change of code. */
export interface Shape {
  readonly inputs: Readonly<Record<string, readonly string[]>>;
  /** What the second output is. */
  readonly extra: "file" | "folder";
  readonly mediaType: string;
  readonly environment: boolean;
  /** How much of what it gets changes its outputs. */
  readonly grain: "all" | "coarse" | "nothing";
}

export interface Meaning {
  /** A literal that is part of the module's value. */
  text: string;
  /** The length of an array of holes, whose commas mean something. */
  holes: number;
  /** A constant that nothing reads. */
  idle: number;
  links: Link[];
  /** Of a stage's module. */
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
  readonly note: string;
  /** Data files and folders, as paths from the project's root. */
  readonly reads: readonly string[];
}

export interface NodeSpec {
  stage: string;
  prefix?: string;
  name?: string;
  config: Config;
  seed: number;
  /** Full names of the nodes behind the inputs, all of which are optional. */
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
  /** Names of the import map whose meaning changes: a module, the main file of a package or another file of it. */
  aliases: Record<string, Link>;
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
/** A stage may import these; other packages are there as dependencies or for nothing. */
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

export function stagesOf({ modules }: World): string[] {
  return Object.keys(modules).flatMap((path) =>
    /^stages\/(.*)\.ts$/.exec(path)?.[1] ?? []
  );
}

/** The modules that others import, each of which may import later ones. */
export function helpersOf({ modules }: World): string[] {
  return Object.keys(modules).filter((path) => path.startsWith("lib/")).sort();
}

/** Where a module may refer to: helpers only to later ones, so that no circle arises. */
export function randomLink(world: World, from: string, dice: Dice): Link {
  const isHelper = from.startsWith("lib/");
  const later = helpersOf(world).filter((path) => !isHelper || path > from);
  const kind = dice.below(10);
  // An alias may stand for the last helper, which therefore has none.
  if (kind >= 8 && (later.length > 0 || !isHelper)) {
    return { target: dice.pick(ALIASES), how: "alias" };
  }
  if (kind === 1) return { target: NOTE, how: "opened" };
  if (kind === 2 || kind === 3) {
    return { target: dice.pick(IMPORTABLE), how: dice.pick(PACKAGE_LINKS) };
  }
  return kind === 0 || later.length === 0
    ? { target: TABLE, how: "json" }
    : { target: dice.pick(later), how: dice.pick(LOCAL_LINKS) };
}

export function randomAlias(world: World, dice: Dice): Link {
  const last = helpersOf(world).at(-1);
  return last !== undefined && dice.chance(0.3)
    ? { target: last, how: "named" }
    : {
      target: dice.pick(IMPORTABLE),
      how: dice.pick(["package", "subpath"]),
    };
}

export function randomConfig(dice: Dice): Config {
  return {
    level: dice.below(4),
    note: dice.pick(["", "", "n"]),
    reads: [...DATA_FILES, DATA_FOLDER].filter(() => dice.chance(0.25)),
  };
}

function randomModule(world: World, path: string, dice: Dice): Module {
  const links = Array.from(
    { length: dice.pick([0, 0, 1, 1, 2]) },
    () => randomLink(world, path, dice),
  );
  const meaning = { text: dice.pick(TEXTS), holes: 0, idle: 0, links };
  return { meaning, style: 0 };
}

function randomShape(dice: Dice): Shape {
  const names = ["first", "second"].slice(0, dice.pick([0, 1, 1, 2, 2]));
  return {
    inputs: Object.fromEntries(
      names.map((name) => [name, dice.pick([["main"], ["main", "extra"]])]),
    ),
    extra: dice.pick(["file", "folder"]),
    mediaType: "text/plain",
    environment: dice.chance(0.3),
    grain: dice.pick(["all", "all", "coarse", "nothing"]),
  };
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
  for (let i = dice.below(3); i >= 0; i--) {
    const path = `lib/h${i}.ts`;
    world.modules[path] = randomModule(world, path, dice);
  }
  for (const alias of ALIASES) world.aliases[alias] = randomAlias(world, dice);
  const stages = 2 + dice.below(2), nodes = 3 + dice.below(3);
  for (let i = 0; i < stages; i++) {
    const path = stagePath(`s${i}`);
    world.modules[path] = randomModule(world, path, dice);
    world.modules[path].meaning.shape = randomShape(dice);
  }
  for (let i = 0; world.nodes.length < nodes; i++) {
    addNode(world, i < stages ? `s${i}` : dice.pick(stagesOf(world)), i, dice);
  }
  return world;
}

/** Adds a node of a stage at the end, unless its name is taken; gives its name. */
export function addNode(
  world: World,
  stage: string,
  number: number,
  dice: Dice,
): string | undefined {
  const names = world.nodes.map(nameOf);
  const inputs = Object.keys(shapeOf(world, stage).inputs)
    .filter(() => names.length > 0 && dice.chance(0.8))
    .map((input) => [input, dice.pick(names)]);
  const node: NodeSpec = {
    stage,
    prefix: dice.pick([undefined, undefined, "p"]),
    name: dice.chance(0.2) ? undefined : `n${number}`,
    config: randomConfig(dice),
    seed: dice.below(2),
    inputs: Object.fromEntries(inputs),
    verbose: false,
  };
  if (names.includes(nameOf(node))) return undefined;
  world.nodes.push(node);
  return nameOf(node);
}
