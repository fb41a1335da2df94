/** The projects that the engine is measured on: this repository, and copies of it with a trivial pipeline. */
import { join } from "@std/path";
import type { z } from "zod";
import { statIfThere } from "../../base/stat.ts";
import { noOpCachePath } from "../../engine/keys/no_op_cache.ts";
import { removeIfThere } from "../../engine/files/atomic.ts";
import { EXIT } from "../../cli/exit.ts";
import { ROOT } from "../../engine/keys/project.ts";
import { type Command, mustRun, runCommand } from "./command.ts";
import type { Numbers } from "./numbers.ts";
import type { Dag } from "./peers.ts";

export type Grid = z.input<typeof Numbers>;

const APART = /^(\..*|node_modules|artifacts)$/;

/** What the engine says where there is nothing to do. */
export const IDLE = /^Nothing to do: \d+ cached/m;

export interface Project {
  /** Which experiment it is at, where the name of the row does not say. */
  readonly note?: string;
  /** As the task `pipeline` of deno.json runs it. */
  command(...args: string[]): Command;
  /** The same by `deno task`. */
  task(): Command;
  dag(): Promise<Dag>;
  /** Removes the no-op cache, so that the next run checks everything. */
  forget(): void;
}

/** A copy in `folder`, brought up to date; an earlier copy there is reused. */
export async function gridProject(
  folder: string,
  grid: Grid,
): Promise<Project> {
  copySources(ROOT, folder);
  const modules = join(folder, "node_modules");
  if (statIfThere(modules) === undefined) {
    Deno.symlinkSync(join(ROOT, "node_modules"), modules);
  }
  replace(
    join(folder, "cli", "project.ts"),
    'export { default } from "../bench/engine/numbers.ts";\n',
  );
  setGrid(folder, grid);
  const project = projectIn(folder, join(folder, "artifacts"), []);
  const status = await runCommand(project.command("status"));
  if (status.code === EXIT.stale) {
    const build = join(folder, "bench", "engine", "build.ts");
    const args = ["run", "--quiet", "--allow-all", build];
    await mustRun({ program: Deno.execPath(), args, cwd: folder });
  } else if (status.code !== EXIT.done) throw new Error(status.err);
  return project;
}

export function setGrid(folder: string, grid: Grid): void {
  replace(join(folder, "experiments", "quick.jsonc"), JSON.stringify(grid));
}

/** This repository with a finished run of `quick`, or else with one of `tiny`, which is made in `otherwise`. */
export async function quickProject(
  artifacts: string,
  otherwise: string,
): Promise<Project> {
  const isOwn = artifacts === join(ROOT, "artifacts");
  const quick = projectIn(
    ROOT,
    artifacts,
    isOwn ? [] : ["--artifacts", artifacts],
  );
  if ((await runCommand(quick.command("status"))).code === EXIT.done) {
    return quick;
  }
  const args = ["--experiment", "tiny", "--artifacts", otherwise];
  const tiny = projectIn(ROOT, otherwise, args);
  await mustRun(tiny.command("run"));
  const note = `experiment tiny: "${artifacts}" has no finished run of quick`;
  return { ...tiny, note };
}

function projectIn(
  root: string,
  artifacts: string,
  options: readonly string[],
): Project {
  const line = taskLine(root);
  const command = (...args: string[]): Command => ({
    program: Deno.execPath(),
    args: [...line, ...args, ...options],
    cwd: root,
  });
  return {
    command,
    task: () => ({
      program: Deno.execPath(),
      args: ["task", "pipeline", ...options],
      cwd: root,
    }),
    dag: async () => {
      const { out } = await mustRun(command("graph", "--json"));
      const { nodes }: { nodes: { name: string; inputs: object }[] } = JSON
        .parse(out);
      const places = new Map(nodes.map(({ name }, i) => [name, i]));
      return nodes.map(({ inputs }) =>
        [...new Set(Object.values(inputs))].map((name) => places.get(name) ?? 0)
      );
    },
    forget: () => {
      removeIfThere(noOpCachePath(artifacts));
    },
  };
}

/** What the task `pipeline` gives to `deno`. */
function taskLine(root: string): string[] {
  const { tasks }: { tasks: Record<string, string> } = JSON.parse(
    Deno.readTextFileSync(join(root, "deno.json")),
  );
  const [program, ...args] = tasks.pipeline.split(" ");
  if (program !== "deno") {
    throw new Error(
      `Cannot measure the task "pipeline" of deno.json: expected "deno …", found "${tasks.pipeline}".`,
    );
  }
  return args;
}

/** Writes only what differs: an index knows files by their times. */
function copySources(from: string, to: string): void {
  Deno.mkdirSync(to, { recursive: true });
  const entries = [...Deno.readDirSync(from)]
    .filter(({ name }) => !APART.test(name));
  const names = new Set(entries.map(({ name }) => name));
  for (const { name } of Deno.readDirSync(to)) {
    if (names.has(name) || APART.test(name)) continue;
    Deno.removeSync(join(to, name), { recursive: true });
  }
  for (const { name, isDirectory } of entries) {
    const [source, target] = [join(from, name), join(to, name)];
    if (isDirectory) copySources(source, target);
    else if (!/\/(cli\/project\.ts|quick\.jsonc)$/.test(source)) {
      replace(target, Deno.readFileSync(source));
    }
  }
}

function replace(path: string, content: string | Uint8Array): void {
  const bytes = typeof content === "string"
    ? new TextEncoder().encode(content)
    : content;
  const before = statIfThere(path) === undefined
    ? undefined
    : Deno.readFileSync(path);
  if (
    before?.length === bytes.length && before.every((b, i) => b === bytes[i])
  ) {
    return;
  }
  Deno.writeFileSync(path, bytes);
}
