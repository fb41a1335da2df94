/** What docs/serve.md says is held has a test that says so. */
import { assert, assertEquals } from "@std/assert";

const read = (path: string) =>
  Deno.readTextFileSync(new URL(`../../${path}`, import.meta.url));

Deno.test("each threat that docs/serve.md says is held names a test that is there", () => {
  const [, table] = read("docs/serve.md").split("## Threats");
  const rows = table.split("\n").filter((line) => line.startsWith("| "))
    .slice(2).map((line) => line.split("|").map((cell) => cell.trim()));
  assert(rows.length > 10);
  for (const [, threat, held, test] of rows) {
    const [, path, title] = /^`([^`]+)`: (.+)$/.exec(test) ?? [];
    assertEquals(path === undefined, held === "not held", `${threat}: ${held}`);
    if (path === undefined) continue;
    assert(read(path).includes(title), `"${title}" is no test of ${path}`);
  }
});
