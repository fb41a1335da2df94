/** Positioned reads of many files, of which few are open. */
import { assertEquals } from "@std/assert";
import { openFiles } from "../../../nmt/states/open_files.ts";
import { random } from "../../../nmt/random.ts";
import { withFolder } from "../fixtures/folder.ts";

const COUNT = 200;
const FDS = "/proc/self/fd";

/** How many of the files this process has open, as the operating system counts them. */
function openOf(paths: readonly string[]): number {
  const wanted = new Set(paths.map((path) => Deno.realPathSync(path)));
  return [...Deno.readDirSync(FDS)].filter(({ name }) => {
    try {
      return wanted.has(Deno.readLinkSync(`${FDS}/${name}`));
    } catch (error) {
      // The folder that is listed is open too, and gone when it is looked at.
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  }).length;
}

Deno.test({
  name:
    "of two hundred files read in any order no more than the limit are open, and none after closing" +
    (Deno.build.os === "linux" ? "" : " (counts them in /proc of Linux)"),
  ignore: Deno.build.os !== "linux",
  sanitizeResources: true,
  fn: () =>
    withFolder((folder) => {
      const paths = Array.from({ length: COUNT }, (_, i) => `${folder}/${i}`);
      paths.forEach((path, i) =>
        Deno.writeFileSync(path, Uint8Array.of(i, 1, 2, 3))
      );
      const next = random("files");
      for (const [limit, open] of [[undefined, 64], [3, 3]] as const) {
        const files = openFiles(limit);
        let most = 0;
        for (let read = 0; read < 600; read++) {
          const i = Math.floor(next() * COUNT);
          const into = new Uint8Array(2);
          files.read(paths[i], read % 3, into, "a byte");
          assertEquals([...into], [i, 1, 2, 3].slice(read % 3, read % 3 + 2));
          most = Math.max(most, openOf(paths));
        }
        assertEquals(most, open);
        files.close();
        assertEquals(openOf(paths), 0);
      }
    }),
});
