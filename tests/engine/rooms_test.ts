/** The sub-folders of engine/ import each other one way, types included. */
import { assertEquals } from "@std/assert";
import { dirname, fromFileUrl, join, relative } from "@std/path";

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

Deno.test(`imports within engine/ run one way: ${ROOMS.join(" <- ")}`, () => {
  const found = [...Deno.readDirSync(ENGINE)]
    .filter(({ isDirectory }) => isDirectory).map(({ name }) => name);
  assertEquals(found.sort(), ROOMS.toSorted());
  const wrong = ROOMS.flatMap((room) =>
    [...Deno.readDirSync(join(ENGINE, room))].flatMap(({ name }) => {
      const path = join(ENGINE, room, name);
      const text = Deno.readTextFileSync(path);
      const targets = [...text.matchAll(/(?:from|import\() ?"(\.[^"]+)"/g)]
        .map(([, target]) => relative(ENGINE, join(dirname(path), target)));
      return targets.filter((target) =>
        ROOMS.indexOf(target.split("/")[0]) > ROOMS.indexOf(room)
      ).map((target) => `${room}/${name} -> ${target}`);
    })
  );
  assertEquals(wrong, []);
});
