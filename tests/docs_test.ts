/** What the documents say of the tests is true of the tests that are there. */
import { assert } from "@std/assert";

const FOLDER = new URL("../", import.meta.url);

Deno.test("each test that docs/engine.md names is there", () => {
  const read = (path: string) => Deno.readTextFileSync(new URL(path, FOLDER));
  const named = [
    ...read("docs/engine.md").matchAll(/`([a-z_]+)`: ([^|]+?) … *\|/g),
  ];
  assert(named.length > 15);
  for (const [, file, name] of named) {
    const path = `tests/engine/${file}_test.ts`;
    assert(read(path).includes(name), `"${name}" is no test of ${path}.`);
  }
});
