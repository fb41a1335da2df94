/** The task `score`. */
import {
  assertAlmostEquals,
  assertEquals,
  assertStringIncludes,
} from "@std/assert";
import { join } from "@std/path";
import { temporary } from "../../../fixtures/made_run.ts";
import { task } from "../../fixtures/command_line.ts";

Deno.test("BLEU and chrF of equal files are 100, as text and as JSON", async () => {
  using folder = temporary();
  const file = join(folder.path, "text");
  Deno.writeTextFileSync(file, "the cat sat on the mat\nand it was good\n");
  const { code, out } = await task("score", file, file, "--json");
  assertEquals(code, 0);
  const { bleu, chrf } = JSON.parse(out);
  assertAlmostEquals(bleu.score, 100, 1e-9);
  assertEquals(chrf.score, 100);
  assertStringIncludes((await task("score", file, file)).out, "100");
});
