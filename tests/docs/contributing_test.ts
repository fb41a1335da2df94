/** CONTRIBUTING.md leads newcomers to files that are there. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { statIfThere } from "../../base/stat.ts";
import { read, ROOT, rowsOf } from "./page.ts";

Deno.test("each answer to where one would change something is a path of the project", () => {
  const answers = rowsOf("CONTRIBUTING.md").flatMap(([question, answer]) =>
    question.endsWith("?")
      ? [[...answer.matchAll(/`([\w./-]+)`/g)].map(([, path]) => path)]
      : []
  );
  assert(answers.length >= 10);
  for (const paths of answers) {
    assert(paths.length > 0);
    for (const path of paths) {
      assert(statIfThere(join(ROOT, path)) !== undefined, path);
    }
  }
});

Deno.test("each task that CONTRIBUTING.md names is one of deno.json", () => {
  const { tasks } = JSON.parse(read("deno.json"));
  const named = [...read("CONTRIBUTING.md").matchAll(/deno task ([\w:]+)/g)]
    .map(([, name]) => name);
  assert(named.length > 4);
  assertEquals(named.filter((name) => !Object.hasOwn(tasks, name)), []);
});
