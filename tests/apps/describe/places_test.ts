/** Copies out of the store, into a description. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { copyFile } from "../../../apps/describe/places.ts";
import { assertInputError } from "../../fixtures/input_error.ts";
import { temporary } from "../../fixtures/made_run.ts";

Deno.test("what reads a copy while another takes its place reads the old one to its end, and a failed copy leaves it", () => {
  using folder = temporary();
  const [from, to, held] = ["from", "to", "held"].map((name) =>
    join(folder.path, name)
  );
  Deno.writeTextFileSync(from, "new");
  Deno.chmodSync(from, 0o444);
  Deno.writeTextFileSync(to, "old");
  Deno.linkSync(to, held);
  copyFile(from, to);
  const texts = [to, held].map((path) => Deno.readTextFileSync(path));
  assertEquals(texts, ["new", "old"]);
  assertEquals((Deno.statSync(to).mode ?? 0) & 0o777, 0o644);
  assertInputError(
    () => copyFile(join(folder.path, "none"), to),
    `Cannot write "${to}": `,
  );
  assertEquals(Deno.readTextFileSync(to), "new");
  assertEquals([...Deno.readDirSync(folder.path)].length, 3);
});
