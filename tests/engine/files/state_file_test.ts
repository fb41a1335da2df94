/** Files and folders that the engine keeps: what is in their way does not stop it. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { makeRemovable } from "../../../engine/files/state_file.ts";

Deno.test("a folder whose rights a stage took away can be removed, and links in it are not followed", () => {
  const folder = Deno.makeTempDirSync();
  const inner = join(folder, "outputs/lines");
  Deno.mkdirSync(inner, { recursive: true });
  Deno.symlinkSync("/", join(folder, "link"));
  for (const path of [inner, join(folder, "outputs"), folder]) {
    Deno.chmodSync(path, 0o555);
  }
  const mode = Deno.statSync("/").mode;
  makeRemovable(folder);
  for (const path of [inner, join(folder, "outputs"), folder]) {
    assertEquals((Deno.statSync(path).mode ?? 0) & 0o700, 0o700);
  }
  assertEquals(Deno.statSync("/").mode, mode);
  Deno.removeSync(folder, { recursive: true });
});
