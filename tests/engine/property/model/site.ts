/** A world on the disk: the root folder of a project with its modules, lock file and data files. */
import { dirname, join } from "@std/path";
import type { Dice } from "./dice.ts";
import { PACKAGE_REQUEST, textOf } from "./text.ts";
import { DATA_FOLDER, IMPORTABLE, TYPES, type World } from "./world.ts";

const { imports: { typescript: PRINTER } }: {
  imports: { typescript: string };
} = JSON.parse(
  Deno.readTextFileSync(new URL("../../../../deno.json", import.meta.url)),
);

/** A temporary folder; fsync costs nothing where the files lie in memory. */
export function makeFolder(): string {
  const memory = "/dev/shm";
  const dir = isFolder(memory) ? memory : undefined;
  return Deno.makeTempDirSync({ dir, prefix: "property-" });
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** The files of a world by their paths from the project's root. */
export function filesOfWorld(world: World): Record<string, string> {
  const files: Record<string, string> = {
    ...world.assets,
    ...world.data,
    [TYPES]: `export type Word = string | ${world.types};\n`,
    "deno.json": JSON.stringify({ imports: importMap(world) }),
    "deno.lock": JSON.stringify(lockOf(world)),
    // The engine lists what a stage's process executes; the stages run in this one, and so it is empty.
    "engine/executors/stage_process.ts": "",
  };
  for (const [path, module] of Object.entries(world.modules)) {
    files[path] = textOf(module);
  }
  return files;
}

function importMap(
  { aliases, remaps, spare }: World,
): Record<string, string> {
  const requestOf = (name: string) => `npm:${name}@${PACKAGE_REQUEST}`;
  const named = Object.entries(aliases).map(([alias, { target, how }]) =>
    [
      alias,
      how === "named"
        ? `./${target}`
        : requestOf(target) + (how === "subpath" ? "/deep" : ""),
    ] as const
  );
  return Object.fromEntries([
    ["typescript", PRINTER],
    ...IMPORTABLE.map((name) => [name, requestOf(name)] as const),
    ...named,
    ...Object.entries(remaps).map(([path, to]) => [`./${path}`, `./${to}`]),
    ["spare", `${requestOf("idle")}/${spare}`],
  ]);
}

function lockOf({ packages, printer }: World) {
  const specifiers = Object.entries(packages).map(([name, { version }]) =>
    [`npm:${name}@${PACKAGE_REQUEST}`, version] as const
  );
  const npm = Object.entries(packages).map(([name, entry]) =>
    [`${name}@${entry.version}`, {
      integrity: entry.integrity,
      dependencies: entry.dependencies,
    }] as const
  );
  return {
    version: "5",
    specifiers: Object.fromEntries([[PRINTER, printer], ...specifiers]),
    npm: Object.fromEntries([[`typescript@${printer}`, {}], ...npm]),
  };
}

/** Brings the disk from one world to another, file by file, each in some way in which people and tools write. */
export function writeWorld(
  root: string,
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
  dice: Dice,
): void {
  Deno.mkdirSync(join(root, DATA_FOLDER), { recursive: true });
  for (const path of Object.keys(before)) {
    if (after[path] === undefined) Deno.removeSync(join(root, path));
  }
  for (const [path, text] of Object.entries(after)) {
    if (before[path] !== text) writeSomehow(join(root, path), text, dice);
  }
}

/** Writes a file in place, in place with its time put back, anew, or by a rename with the time of what was there. */
export function writeSomehow(
  path: string,
  content: string | Uint8Array,
  dice: Dice,
  putsBackAtOnce = true,
): void {
  const bytes = typeof content === "string"
    ? new TextEncoder().encode(content)
    : content;
  Deno.mkdirSync(dirname(path), { recursive: true });
  const before = statOf(path);
  const putBack = (path: string) => {
    if (before?.mtime) Deno.utimeSync(path, before.mtime, before.mtime);
  };
  switch (dice.below(4)) {
    case 0:
      return Deno.writeFileSync(path, bytes);
    case 1:
      Deno.writeFileSync(path, bytes);
      if (putsBackAtOnce || isInEarlierSecond(before?.ctime)) putBack(path);
      return;
    case 2:
      if (before !== undefined) Deno.removeSync(path);
      return Deno.writeFileSync(path, bytes);
    default:
      Deno.writeFileSync(`${path}~`, bytes);
      putBack(`${path}~`);
      return Deno.renameSync(`${path}~`, path);
  }
}

/** Whether a time is in another second than now. */
function isInEarlierSecond(time: Date | null | undefined): boolean {
  return Math.floor((time?.getTime() ?? 0) / 1000) !==
    Math.floor(Date.now() / 1000);
}

/** What may lie where a file should. */
export const OTHER_THINGS = [
  "a folder",
  "a folder with a file",
  "a FIFO",
  "a dangling link",
] as const;

/** Puts something else where a file or a folder was. */
export function replace(
  path: string,
  thing: typeof OTHER_THINGS[number] | "a file",
): void {
  Deno.removeSync(path, { recursive: true });
  switch (thing) {
    case "a folder":
      return Deno.mkdirSync(path);
    case "a folder with a file":
      Deno.mkdirSync(path);
      return Deno.writeTextFileSync(join(path, "file"), "in the way");
    case "a file":
      return Deno.writeTextFileSync(path, "in the way");
    case "a FIFO":
      new Deno.Command("mkfifo", { args: [path] }).outputSync();
      return;
    case "a dangling link":
      return Deno.symlinkSync(join(path, "..", "nowhere"), path);
  }
}

/** What is at a path, or undefined. */
export function statOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    const absent = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory;
    if (absent) return undefined;
    throw error;
  }
}
