/** The directions in which the modules import each other. */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl, join, relative } from "@std/path";
import { openWorkspace } from "../engine/workspace.ts";

const ROOT = fromFileUrl(new URL("..", import.meta.url)).replace(/\/$/, "");

/** What each folder may import beside itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  schemas: [],
  terminal: ["schemas"],
  engine: ["schemas"],
  text: ["schemas", "data"],
  metrics: ["schemas"],
  tensor: ["schemas"],
  model: ["tensor", "text", "schemas"],
  data: ["schemas"],
  results: ["engine", "metrics", "schemas", "text"],
  estimate: ["engine", "model", "schemas", "tensor", "text"],
  setup: ["engine", "schemas", "text"],
  sharing: ["engine", "schemas"],
  report: [
    ...["engine", "metrics", "model", "results", "schemas", "tensor", "text"],
  ],
  export: ["metrics", "model", "tensor", "text", "schemas"],
  standards: ["engine", "export", "model", "report", "schemas", "text"],
  serve: ["engine", "export", "model", "schemas", "tensor", "text"],
  web: ["engine", "schemas", "serve", "text"],
  stages: [
    ...["data", "engine", "export", "metrics", "model", "schemas", "tensor"],
    "text",
  ],
};

/** Static and literal dynamic imports at run time, as paths relative to the root. */
async function moduleGraph(): Promise<Map<string, string[]>> {
  const { code } = openWorkspace(join(ROOT, "artifacts"));
  const folders = Object.keys(MAY_IMPORT).map((folder) => join(ROOT, folder));
  const entries = folders.flatMap((folder) =>
    [...Deno.readDirSync(folder)].filter(({ name }) => name.endsWith(".ts"))
      .map(({ name }) => join(folder, name))
  );
  const graph = await code.graph([...entries, join(ROOT, "cli.ts")]);
  return new Map(
    [...graph].map(([from, to]) => [
      relative(ROOT, from),
      to.map((path) => relative(ROOT, path)),
    ]),
  );
}

const folderOf = (path: string) =>
  path.includes("/") ? path.slice(0, path.indexOf("/")) : "";

Deno.test("imports run one way: schemas, tensor, model, stages; the engine knows schemas only", async () => {
  const wrong = [...await moduleGraph()].flatMap(([from, targets]) => {
    const folder = folderOf(from);
    const allowed = MAY_IMPORT[folder];
    return targets
      .filter((to) =>
        allowed !== undefined && folderOf(to) !== folder &&
        !allowed.includes(folderOf(to))
      )
      .map((to) => `${from} -> ${to}`);
  });
  assertEquals(wrong, []);
});

Deno.test("no module imports itself, directly or through others", async () => {
  const graph = await moduleGraph();
  assert(graph.size > 20);
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]) => {
    const at = trail.indexOf(path);
    if (at >= 0) cycles.push([...trail.slice(at), path].join(" -> "));
    if (at >= 0 || done.has(path)) return;
    for (const to of graph.get(path) ?? []) visit(to, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  assertEquals(cycles, []);
});

Deno.test("one file imports the command line package", async () => {
  const importing: string[] = [];
  for (const path of (await moduleGraph()).keys()) {
    const text = await Deno.readTextFile(join(ROOT, path));
    if (/from "commander"/.test(text)) importing.push(path);
  }
  assertEquals(importing, ["cli.ts"]);
});
