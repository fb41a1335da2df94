/** Every file that the engine keeps, replaced by every kind of thing: no run stops at it. */
import { assertEquals } from "@std/assert";
import { makeProject, nodesOf } from "../fixtures/project.ts";

Deno.test("whatever is at the path of a file that the engine keeps, a run goes on as if it had been lost", async () => {
  using project = makeProject();
  await nodesOf(project);
  const manifest = project.read("artifacts/manifest.json");
  const key = (await nodesOf(project, "status"))
    .find(({ name }) => name === "total:all")?.key;
  const runs = [...Deno.readDirSync(project.path("artifacts/runs"))]
    .filter(({ name }) => name.endsWith(".jsonl"))
    .map(({ name }) => `artifacts/runs/${name}`);
  const kept = [
    ...runs,
    "artifacts/manifest.json",
    "artifacts/index.json",
    "artifacts/idle.json",
    "artifacts/lock",
    `artifacts/cache/${key}.json`,
    "artifacts/cache",
    "artifacts/runs",
    "artifacts/work",
  ];
  const things: Record<string, (path: string) => unknown> = {
    "a folder": (path) => Deno.mkdirSync(`${path}/inner`, { recursive: true }),
    "an empty file": (path) => Deno.writeTextFileSync(path, ""),
    "noise": (path) => Deno.writeTextFileSync(path, "\0{]"),
    "marks of a merge": (path) =>
      Deno.writeTextFileSync(path, "<<<<<<< ours\n{}\n>>>>>>> theirs\n"),
    "a link to nowhere": (path) => Deno.symlinkSync("/nowhere/at/all", path),
    "a pipe": (path) =>
      new Deno.Command("mkfifo", { args: [path] }).outputSync(),
  };
  for (const path of kept) {
    for (const [what, put] of Object.entries(things)) {
      Deno.removeSync(project.path(path), { recursive: true });
      put(project.path(path));
      const { code, err } = await project.run("--quiet");
      assertEquals([code, err], [0, ""], `${what} at ${path}`);
      assertEquals(
        project.read("artifacts/manifest.json"),
        manifest,
        `manifest after ${what} at ${path}`,
      );
    }
  }
});
