/** The sub-folders of engine/ import each other one way, types included. */
import { assertEquals } from "@std/assert";
import { basename, dirname, fromFileUrl, join, relative } from "@std/path";

const ENGINE = fromFileUrl(new URL("../../engine", import.meta.url));

/** Each may import those before it. */
const ROOMS = [
  "files",
  "graph",
  "keys",
  "store",
  "executors",
  "run",
  "provenance",
];

const ROOT = dirname(ENGINE);

Deno.test("an executor is entered in one table, from which all other code takes it", () => {
  const executors = join(ENGINE, "executors");
  const entered = [
    ...Deno.readTextFileSync(join(executors, "executors.ts"))
      .matchAll(/^import \{.*\} from "\.\/(.*)";$/gm),
  ].map(([, file]) => file);
  assertEquals(entered, ["local.ts", "sandbox.ts", "slurm.ts"]);
  const past = ["apps", "cli", "engine", "sharing"].flatMap((folder) =>
    modulesIn(join(ROOT, folder)).flatMap((path) =>
      dirname(path) === executors ? [] : targetsOf(path)
        .filter((target) => entered.includes(relative(executors, target)))
        .map((target) => `${relative(ROOT, path)} -> ${basename(target)}`)
    )
  );
  assertEquals(past, []);
});

/** The modules in a folder and in those below it. */
function modulesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    const path = join(folder, name);
    if (isDirectory) return modulesIn(path);
    return name.endsWith(".ts") ? [path] : [];
  });
}

/** What a module imports by relative paths. */
function targetsOf(path: string): string[] {
  const text = Deno.readTextFileSync(path);
  return [...text.matchAll(/(?:from|import\() ?"(\.[^"]+)"/g)]
    .map(([, target]) => join(dirname(path), target));
}

Deno.test(`imports within engine/ run one way: ${ROOMS.join(" <- ")}`, () => {
  const found = [...Deno.readDirSync(ENGINE)]
    .filter(({ isDirectory }) => isDirectory).map(({ name }) => name);
  assertEquals(found.sort(), ROOMS.toSorted());
  const wrong = ROOMS.flatMap((room) =>
    [...Deno.readDirSync(join(ENGINE, room))].flatMap(({ name }) => {
      const path = join(ENGINE, room, name);
      return targetsOf(path).map((target) => relative(ENGINE, target)).filter((
        target,
      ) => ROOMS.indexOf(target.split("/")[0]) > ROOMS.indexOf(room)).map((
        target,
      ) => `${room}/${name} -> ${target}`);
    })
  );
  assertEquals(wrong, []);
});
