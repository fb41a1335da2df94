/**
 * Counts what the project consists of: files, lines, folders, words of pages, and with `--tests` the minutes of the fast suite.
 * A count above its limit is marked, and ends the command with exit code 1.
 */
import { fromFileUrl, join } from "@std/path";

const ROOT = fromFileUrl(new URL("..", import.meta.url)).replace(/\/$/, "");

/** What a count may be at most; printed tables have no words. */
export const LIMITS = {
  "folders at the top": 16,
  "files in the fullest folder": 15,
  "lines of code": 32_000,
  "lines of tests": 22_000,
  "words of pages": 16_000,
  "words of README.md": 700,
  "lines of cli/main.ts": 150,
  "minutes of deno task test": 6,
} as const;

export type Count = keyof typeof LIMITS;

/** A text file of the project, as git knows it. */
export interface ProjectFile {
  /** Relative to the project's root. */
  readonly path: string;
  readonly text: string;
}

/** The files that git tracks, or would: what it ignores is no part of the project. */
export async function projectFiles(): Promise<ProjectFile[]> {
  const { stdout } = await new Deno.Command("git", {
    args: ["ls-files", "--cached", "--others", "--exclude-standard", "-z"],
    cwd: ROOT,
  }).output();
  const paths = new TextDecoder().decode(stdout).split("\0");
  return [...new Set(paths)].sort().flatMap((path) => {
    const file = join(ROOT, path);
    try {
      return Deno.statSync(file).isFile
        ? [{ path, text: Deno.readTextFileSync(file) }]
        : [];
    } catch (error) {
      // Deleted, and not yet so in git's index.
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  });
}

/** How many files lie in each folder, its sub-folders left out. */
export function filesByFolder(
  files: readonly ProjectFile[],
): Map<string, number> {
  const folders = new Map<string, number>();
  for (const { path } of files) {
    const folder = path.includes("/")
      ? path.slice(0, path.lastIndexOf("/"))
      : ".";
    folders.set(folder, (folders.get(folder) ?? 0) + 1);
  }
  return folders;
}

/** The counts that need no test to be run. */
export function countHouse(
  files: readonly ProjectFile[],
): Record<Exclude<Count, "minutes of deno task test">, number> {
  const modules = files.filter(({ path }) => path.endsWith(".ts"));
  const folders = [...filesByFolder(files)]
    .filter(([folder]) => folder !== "." && !/^artifacts\b/.test(folder));
  const text = (name: string) =>
    files.find(({ path }) => path === name)?.text ?? "";
  // Pages of docs/results/ are printed tables.
  const pages = files.filter(({ path }) =>
    /^docs\/(?!results\/).*\.md$/.test(path)
  );
  return {
    "folders at the top": new Set(
      files.filter(({ path }) => path.includes("/"))
        .map(({ path }) => path.slice(0, path.indexOf("/")))
        .filter((folder) => !folder.startsWith(".")),
    ).size,
    "files in the fullest folder": Math.max(
      ...folders.map(([, count]) => count),
    ),
    "lines of code": lines(modules.filter(({ path }) => !isBeside(path))),
    "lines of tests": lines(
      modules.filter(({ path }) => path.startsWith("tests/")),
    ),
    "words of pages": pages.reduce((sum, { text }) => sum + words(text), 0),
    "words of README.md": words(text("README.md")),
    "lines of cli/main.ts": lines([{ text: text("cli/main.ts") }]),
  };
}

/** Whether a module is none of the product: tests, benches, the scripts that make pictures of pages. */
function isBeside(path: string): boolean {
  return /^(tests|bench|docs)\//.test(path);
}

function lines(files: readonly Pick<ProjectFile, "text">[]): number {
  return files.reduce((sum, { text }) => sum + text.split("\n").length - 1, 0);
}

/** How many words a page has beside the tables that follow `<!-- results: ... -->` or `<!-- bench: ... -->`. */
export function words(text: string): number {
  const printed = /^<!-- (?:results|bench): .* -->\n\n(?:\|.*\n)+/gm;
  return text.replaceAll(printed, "").split(/\s+/).filter((word) => word !== "")
    .length;
}

/** Minutes that the fast suite takes; its output goes to standard error. */
async function testMinutes(): Promise<number> {
  const began = performance.now();
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "test"],
    cwd: ROOT,
    stdout: "null",
    stderr: "inherit",
  }).output();
  if (code !== 0) throw new Error("A test failed; run deno task test.");
  return (performance.now() - began) / 60_000;
}

if (import.meta.main) {
  const files = await projectFiles();
  const counts: [string, number][] = Object.entries(countHouse(files));
  if (Deno.args.includes("--tests")) {
    counts.push(["minutes of deno task test", await testMinutes()]);
  }
  const limits: Readonly<Record<string, number>> = LIMITS;
  console.log(`${files.length} files in ${filesByFolder(files).size} folders`);
  for (const [name, count] of counts) {
    const limit = limits[name];
    const figure = (value: number) =>
      value.toLocaleString("en", { maximumFractionDigits: 1 });
    console.log(
      `${name}: ${figure(count)} (at most ${figure(limit)})${
        count > limit ? "  <- too many" : ""
      }`,
    );
  }
  if (counts.some(([name, count]) => count > limits[name])) Deno.exit(1);
}
