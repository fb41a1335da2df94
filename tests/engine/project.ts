/** A project of its own for a test: the engine as it is, the words pipeline, a text, in a temporary folder. */
import { fromFileUrl, join } from "@std/path";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));
/** Where the words pipeline lies in the project. */
export const WORDS = "tests/engine/words";

export const TEXT = "one two  three\nfour five\nsix\n";

/** Twelve lines, and so files that `count` can be made to take its time over: a kill hits before, in and between stages. */
export const SLOW_TEXT = Array.from({ length: 12 }, (_, i) => `word ${i}\n`)
  .join("");

export interface Project {
  readonly folder: string;
  path(name: string): string;
  read(name: string): string;
  write(name: string, text: string): void;
  /** Replaces text in a file; the text has to be there. */
  edit(name: string, from: string, to: string): void;
  /** Runs the command line to its end. */
  run(...args: string[]): Promise<Outcome>;
  start(...args: string[]): Deno.ChildProcess;
  [Symbol.dispose](): void;
}

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly milliseconds: number;
}

export interface NodeJson {
  readonly name: string;
  readonly state: string;
  readonly reason: string;
  readonly key: string | null;
  readonly outputs: Readonly<
    Record<string, { readonly sha256: string; readonly bytes: number }>
  >;
  readonly metrics: Readonly<Record<string, number | string>>;
}

export function makeProject(text = TEXT): Project {
  const folder = Deno.makeTempDirSync({ prefix: "words-" });
  for (
    const name of [
      "engine",
      "schemas",
      "sharing",
      "terminal",
      "types",
      "deno.json",
      "deno.lock",
      "main.ts",
      "cli.ts",
      "systems.ts",
    ]
  ) copy(join(ROOT, name), join(folder, name));
  copy(join(ROOT, WORDS), join(folder, WORDS));
  Deno.renameSync(
    join(folder, WORDS, "experiments"),
    join(folder, "experiments"),
  );
  Deno.symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  const path = (name: string) => join(folder, name);
  const write = (name: string, content: string) =>
    Deno.writeTextFileSync(path(name), content);
  write("text.txt", text);
  write("pipeline.ts", `export { default } from "./${WORDS}/pipeline.ts";\n`);
  const read = (name: string) => Deno.readTextFileSync(path(name));
  const command = (args: readonly string[]) =>
    new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--allow-all", "main.ts", ...args],
      cwd: folder,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
  return {
    folder,
    path,
    read,
    write,
    edit: (name, from, to) => {
      const before = read(name);
      if (!before.includes(from)) {
        throw new Error(`"${from}" is not in ${name}.`);
      }
      write(name, before.replace(from, to));
    },
    run: async (...args) => {
      const began = performance.now();
      const { code, stdout, stderr } = await command(args).output();
      const milliseconds = performance.now() - began;
      const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
      return { code, out: decode(stdout), err: decode(stderr), milliseconds };
    },
    start: (...args) => command(args).spawn(),
    [Symbol.dispose]: () => Deno.removeSync(folder, { recursive: true }),
  };
}

/** The nodes of a run or status as JSON. */
export async function nodesOf(
  project: Project,
  ...args: string[]
): Promise<readonly NodeJson[]> {
  const { code, out, err } = await project.run(...args, "--json");
  if (code !== 0 && code !== 10) throw new Error(`Exit code ${code}: ${err}`);
  return JSON.parse(out).nodes;
}

/** Names of the nodes in a state. */
export function inState(nodes: readonly NodeJson[], state: string): string[] {
  return nodes.filter((node) => node.state === state).map(({ name }) => name);
}

export function objectPath(
  project: Project,
  nodes: readonly NodeJson[],
  node: string,
  output: string,
): string {
  const sha = nodes.find(({ name }) => name === node)?.outputs[output].sha256 ??
    "";
  const path = project.path(
    `artifacts/objects/${sha.slice(0, 2)}/${sha.slice(2)}`,
  );
  return exists(`${path}.files`) ? `${path}.files` : path;
}

/** The checkpoint of a stage `count` that has not finished. */
export function checkpointOf(project: Project): string | undefined {
  const work = project.path("artifacts/work");
  if (!exists(work)) return undefined;
  return [...Deno.readDirSync(work)]
    .map(({ name }) => join(work, name, "work", "counts.json")).find(exists);
}

/** Whether a path is there. */
export function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function copy(from: string, to: string): void {
  if (Deno.statSync(from).isFile) return Deno.copyFileSync(from, to);
  Deno.mkdirSync(to, { recursive: true });
  for (const { name } of Deno.readDirSync(from)) {
    copy(join(from, name), join(to, name));
  }
}
