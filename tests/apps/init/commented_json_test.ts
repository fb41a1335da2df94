/** JSON with comments, as the formatter has it. */
import { assertEquals } from "@std/assert";
import { parse } from "@std/jsonc";
import { commentedJson, entriesOf } from "../../../apps/init/commented_json.ts";
import { deno } from "../../fixtures/command.ts";
import { temporary } from "../../fixtures/made_run.ts";

Deno.test("text with comments, long lists and nothing is as the formatter writes it, and says the values", async () => {
  const groups = Array.from({ length: 12 }, (_, i) => [2 * i + 1, 2 * i + 2]);
  const start = { encoder: groups.flat(), decoder: groups.flat() };
  const text = commentedJson([
    { key: "none", value: {}, comment: "no entries" },
    { key: "groups", value: groups, above: "Two of each:" },
    { key: "inner", entries: [{ key: "start", value: start }] },
    ...entriesOf({ rate: 3e-4, name: 'a "name"' }),
  ]);
  using folder = temporary();
  const path = `${folder.path}/x.jsonc`;
  Deno.writeTextFileSync(path, text + "\n");
  const { code, err } = await deno(["fmt", "--check", path]);
  assertEquals(code, 0, err);
  assertEquals(parse(text), {
    ...{ none: {}, groups, inner: { start }, rate: 3e-4, name: 'a "name"' },
  });
});
