/** The directions in which the modules import each other. */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl, join, relative } from "@std/path";
import { openWorkspace } from "../engine/store/workspace.ts";

const ROOT = fromFileUrl(new URL("..", import.meta.url)).replace(/\/$/, "");

const SERVICE_WORKER = join(ROOT, "apps/web/page/service_worker.ts");

/** What each room may import beside itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  schemas: ["base"],
  engine: ["base", "schemas"],
  nmt: ["base", "schemas"],
  stages: ["base", "engine", "nmt", "schemas"],
  sharing: ["base", "engine", "schemas"],
  apps: ["base", "engine", "nmt", "schemas"],
  cli: ["apps", "base", "engine", "nmt", "schemas", "sharing", ""],
};

/** Static and literal dynamic imports at run time, as paths relative to the root. */
async function moduleGraph(): Promise<Map<string, string[]>> {
  const { code } = openWorkspace(join(ROOT, "artifacts"));
  const folders = Object.keys(MAY_IMPORT).map((folder) => join(ROOT, folder));
  const entries = folders.flatMap(modulesIn);
  const graph = await code.graph([...entries, join(ROOT, "pipeline.ts")]);
  return new Map(
    [...graph].map(([from, to]) => [
      relative(ROOT, from),
      to.map((path) => relative(ROOT, path)),
    ]),
  );
}

function modulesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    const path = join(folder, name);
    if (isDirectory) return modulesIn(path);
    return name.endsWith(".ts") && path !== SERVICE_WORKER ? [path] : [];
  });
}

const folderOf = (path: string) =>
  path.includes("/") ? path.slice(0, path.indexOf("/")) : "";

Deno.test("imports run one way: base, schemas, then engine and nmt, which do not know each other, then stages, sharing, apps, cli", async () => {
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
  assertEquals(importing, ["cli/program.ts"]);
});
