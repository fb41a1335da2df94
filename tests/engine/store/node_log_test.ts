/** Which of a node's logs is looked for, without reading any: a log that is followed is looked for at each poll. */
import { assertEquals } from "@std/assert";
import { lastLogged } from "../../../engine/store/node_log.ts";

Deno.test("of a node with many logs only the last one is opened, and nothing of it is read", () => {
  const folder = Deno.makeTempDirSync();
  const { openSync: open, readTextFileSync: read } = Deno;
  try {
    for (const run of ["000001-a", "000002-b", "000003-c"]) {
      Deno.mkdirSync(`${folder}/runs/${run}`, { recursive: true });
      Deno.writeTextFileSync(`${folder}/runs/${run}/split.log`, "It goes on.");
    }
    const opened: unknown[] = [], readWhole: unknown[] = [];
    Deno.openSync = (path, options) => {
      opened.push(path);
      return open(path, options);
    };
    Deno.readTextFileSync = (path) => {
      readWhole.push(path);
      return read(path);
    };
    assertEquals(lastLogged(folder, "split"), "000003-c");
    assertEquals(opened, [`${folder}/runs/000003-c/split.log`]);
    assertEquals(readWhole, []);
  } finally {
    Object.assign(Deno, { openSync: open, readTextFileSync: read });
    Deno.removeSync(folder, { recursive: true });
  }
});
