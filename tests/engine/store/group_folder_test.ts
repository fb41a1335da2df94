/** What is written for the group: the engine's files in a folder of a group, and nothing else that a user writes. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { writeState } from "../../../engine/files/state_file.ts";
import { lockFolder } from "../../../engine/store/lock.ts";
import { openWorkspace } from "../../../engine/store/workspace.ts";

const MINE = 0o077;

function test(title: string, fn: (folder: string) => void | Promise<void>) {
  Deno.test({
    name: title + (Deno.build.os === "windows" ? " (skipped: POSIX)" : ""),
    ignore: Deno.build.os === "windows",
    fn: async () => {
      const folder = Deno.makeTempDirSync();
      const before = Deno.umask(MINE);
      try {
        Deno.chmodSync(folder, 0o2770);
        await fn(folder);
      } finally {
        Deno.umask(before);
        Deno.removeSync(folder, { recursive: true });
      }
    },
  });
}

/** The rights of the group. */
function rightsOf(path: string): number {
  return (Deno.statSync(path).mode ?? 0) & 0o070;
}

test("a command that reads writes its own files for its user, the engine's for the group", (folder) => {
  openWorkspace(join(folder, "artifacts"));
  writeState(join(folder, "artifacts"), "cache/some.json", "{}");
  assertEquals(rightsOf(join(folder, "artifacts/cache")), 0o070);
  assertEquals(rightsOf(join(folder, "artifacts/cache/some.json")), 0o060);
  assertEquals(Deno.umask(), MINE);
});

test("a command that makes nodes writes for the group, and so do its stages", async (folder) => {
  using _lock = await lockFolder(folder, () => {});
  const path = join(folder, "of-stage");
  const { success } = await new Deno.Command("touch", { args: [path] })
    .output();
  assertEquals([success, rightsOf(path)], [true, 0o060]);
});

test("in a folder of its own a user's files stay the user's", async (folder) => {
  Deno.chmodSync(folder, 0o700);
  using _lock = await lockFolder(folder, () => {});
  writeState(folder, "index.json", "{}");
  assertEquals(rightsOf(join(folder, "index.json")), 0);
  assertEquals(Deno.umask(), MINE);
});
