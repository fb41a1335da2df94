/** A machine on which nothing says where the user's home is: what needs none works, and what needs one says so. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { exists } from "../engine/fixtures/project.ts";
import { ROOT, temporary } from "../fixtures/made_run.ts";
import { homeless } from "./fixtures/homeless.ts";

Deno.test("without a home a key has to be named, and nothing is written anywhere else", async () => {
  using folder = temporary();
  const before = exists("/.config");
  for (
    const [name, value] of [["A", "b"], ["HOME", ""], [
      "XDG_CONFIG_HOME",
      "relative",
    ]]
  ) {
    const { code, out, err } = await homeless(["keygen"], { [name]: value });
    assertEquals([code, out], [2, ""]);
    assertStringIncludes(err, "expected HOME or XDG_CONFIG_HOME");
    assertStringIncludes(err, "with --key");
    assertEquals(err.trim().split("\n").length, 1);
  }
  assertEquals(exists("/.config"), before);
  assert(!exists(join(ROOT, "relative")));
  const key = join(folder.path, "key.pem");
  assertEquals((await homeless(["keygen", "--key", key])).code, 0);
  assert(exists(key));
  const manifest = join(ROOT, "artifacts/results/quick/manifest.json");
  const verified = await homeless(["verify", manifest, "--signed-by", key]);
  assertEquals(verified.code, 2);
  assertStringIncludes(verified.err, "a line that is no public key");
});
