/** Positioned reads of many files, of which few are open. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { openFiles } from "../../../nmt/states/open_files.ts";
import { random } from "../../../nmt/random.ts";
import { assertInputError } from "../../fixtures/input_error.ts";

const COUNT = 200;
const FDS = "/proc/self/fd";

/** Writes files whose bytes are their number and their position, and acts on their paths. */
function withFiles(act: (paths: string[]) => void): void {
  const folder = Deno.makeTempDirSync();
  try {
    const paths = Array.from({ length: COUNT }, (_, i) => `${folder}/${i}`);
    paths.forEach((path, i) =>
      Deno.writeFileSync(path, Uint8Array.of(i, 1, 2, 3))
    );
    act(paths);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

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
    withFiles((paths) => {
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

Deno.test("a file that ends before what is wanted of it is refused by name, and nothing is read after closing", () =>
  withFiles(([path]) => {
    const files = openFiles();
    assertInputError(
      () => files.read(path, 2, new Uint8Array(3), "the states of pair 7"),
      "the states of pair 7",
      path,
      "ended early",
    );
    files.close();
    const error = assertThrows(
      () => files.read(path, 0, new Uint8Array(1), "anything"),
      Error,
    );
    assert(error.message.includes("after closing"));
  }));
