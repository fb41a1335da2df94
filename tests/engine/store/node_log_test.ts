/** Which of a node's logs is looked for, and how few are read for that. */
import { assertEquals } from "@std/assert";
import { lastLogged } from "../../../engine/store/node_log.ts";

Deno.test("of a node with many logs only the last one is read", () => {
  const folder = Deno.makeTempDirSync();
  const read = Deno.readTextFileSync;
  try {
    for (const run of ["000001-a", "000002-b", "000003-c"]) {
      Deno.mkdirSync(`${folder}/runs/${run}`, { recursive: true });
      Deno.writeTextFileSync(`${folder}/runs/${run}/split.log`, "It goes on.");
    }
    const paths: unknown[] = [];
    Deno.readTextFileSync = (path) => {
      paths.push(path);
      return read(path);
    };
    assertEquals(lastLogged(folder, "split"), "000003-c");
    assertEquals(paths, [`${folder}/runs/000003-c/split.log`]);
  } finally {
    Deno.readTextFileSync = read;
    Deno.removeSync(folder, { recursive: true });
  }
});
