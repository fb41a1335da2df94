/** A disk that is too small for the states, as a file system of its own. */
import { assertEquals, assertMatch } from "@std/assert";
import { canMount, mount, unmount } from "../../engine/fixtures/mounts.ts";
import { record } from "../fixtures/recorded_corpus.ts";
import { refusal } from "../fixtures/refusal.ts";
import { withFolder } from "../fixtures/folder.ts";

Deno.test({
  name:
    "a recording that the disk has no room for is refused with both figures and what to do, before anything is written" +
    (canMount ? "" : " (ignored: it mounts a file system, as root on Linux)"),
  ignore: !canMount,
  fn: () =>
    withFolder(async (folder) => {
      mount("-t", "tmpfs", "-o", "size=256k", "tmpfs", folder);
      try {
        const message = await refusal(() => record(folder));
        assertMatch(
          message,
          /they take 1(\.\d+)? MB, and the disk of ".*" has 2\d\d kB left/,
        );
        assertMatch(message, /"states": "streamed"/);
        assertEquals([...Deno.readDirSync(folder)], []);
      } finally {
        unmount(folder);
      }
    }),
});
