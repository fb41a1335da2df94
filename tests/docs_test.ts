/** What the documents say of the tests is true of the tests that are there. */
import { assert } from "@std/assert";

const FOLDER = new URL("../", import.meta.url);

for (const [document, least] of [["engine", 15], ["sharing", 12]] as const) {
  Deno.test(`each test that docs/${document}.md names is there`, () => {
    const read = (path: string) => Deno.readTextFileSync(new URL(path, FOLDER));
    const named = [
      ...read(`docs/${document}.md`)
        .matchAll(/`([a-z_]+)`: ([^|]+?) … *\|/g),
    ];
    assert(named.length > least);
    for (const [, file, name] of named) {
      const path = `tests/engine/${file}_test.ts`;
      assert(read(path).includes(name), `"${name}" is no test of ${path}.`);
    }
  });
}
