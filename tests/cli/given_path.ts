/** Gives a command what it does not expect at a path, and says what is wrong with how it takes that. */
import { join } from "@std/path";
import { canMount, mount, unmount } from "../engine/fixtures/mounts.ts";
import { makeRun, ROOT } from "../fixtures/made_run.ts";
import type { Kind, PathCase } from "./paths.ts";

/** A command may think for so long on a busy machine; one that waits for a pipe would wait for ever. */
const MOST_MILLISECONDS = 60_000;

export interface Site {
  /** What is wrong: nothing where it ends with the expected exit code and one sentence. */
  problems(given: PathCase, kind: Kind): Promise<readonly string[]>;
  /** Every file with its size and time: nothing of it may change. */
  files(): Promise<string>;
  [Symbol.dispose](): void;
}

export function makeSite(): Site {
  const folder = Deno.makeTempDirSync({ prefix: "paths-" });
  const path = (name: string) => join(folder, name);
  const write = (name: string, text: string) =>
    Deno.writeTextFileSync(path(name), text);
  makeRun(path("run"));
  write("run/lock", "");
  for (const name of ["cwd", "folder"]) Deno.mkdirSync(path(name));
  write("folder/notes.txt", "the user's\n");
  write("garbage", "neither JSON nor a model\nnor anything else\n");
  write("lines", "um\ndois\n");
  write(
    "pairs.tsv",
    Array.from(
      { length: 400 },
      (_, i) =>
        `frase ${i} de ${7 * i} palavras\tsentence ${i} of ${7 * i} words\n`,
    )
      .join(""),
  );
  Deno.copyFileSync(
    join(ROOT, "artifacts/results/quick/manifest.json"),
    path("manifest.json"),
  );
  Deno.symlinkSync(path("nowhere"), path("dangling"));
  Deno.symlinkSync(path("loop"), path("loop"));
  new Deno.Command("mkfifo", { args: [path("pipe")] }).outputSync();

  Deno.mkdirSync(path("read-only"));
  if (canMount) mount("-t", "tmpfs", "-o", "ro", "tmpfs", path("read-only"));

  const paths: Readonly<Record<Kind, string>> = {
    "a folder": path("folder"),
    "a file of something else": path("garbage"),
    "a link to nothing": path("dangling"),
    "a link to itself": path("loop"),
    "a pipe": path("pipe"),
    "a device without end": "/dev/zero",
    "nothing": path("none"),
    "nothing, in a folder that is not there": path("none/none"),
    "a path through a file": path("garbage/none"),
    "a name that is too long": path("x".repeat(300)),
    "a name that steers a terminal": path("a\x1b[2J\n\x9b2J\u202eb"),
    "no letters": "",
    "nothing, in a read-only folder": path("read-only/none"),
  };
  const words: Readonly<Record<string, string>> = {
    RUN: path("run"),
    MANIFEST: path("manifest.json"),
    LINES: path("lines"),
    PAIRS: path("pairs.tsv"),
    NEW: path("new"),
  };
  return {
    problems: async ({ words: given, isTool, codes }, kind) => {
      const args = given.map((word) =>
        words[word] ?? word.replace("@", () => paths[kind])
      );
      const main = join(ROOT, isTool ? "cli/program.ts" : "cli/main.ts");
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", "--allow-all", main, ...args],
        cwd: path("cwd"),
        stdin: "null",
        stdout: "null",
        stderr: "piped",
      }).spawn();
      const timer = setTimeout(() => child.kill("SIGKILL"), MOST_MILLISECONDS);
      const { code, signal, stderr } = await child.output();
      clearTimeout(timer);
      // That of the made-up run is another, which is said before anything is wrong.
      const told = new TextDecoder().decode(stderr)
        .replace(/^The descriptor of .* is another now.*\n/, "");
      const expected = codes?.[kind] ?? 2;
      const wrong: readonly (readonly [boolean, string])[] = [
        [signal !== null, "does not end"],
        [code !== expected, `exit code ${code}, expected ${expected}`],
        [!/^[A-Z][^\n]*\.\n$/.test(told), "is not one sentence"],
        [/(?!\n)\p{Cc}|[\u202a-\u202e]/u.test(told), "steers the terminal"],
        [
          /Unexpected error|os error|DEBUG/.test(told),
          "is no sentence of ours",
        ],
        [/\bdelete\b/i.test(told), "tells to delete what is the user's"],
      ];
      return wrong.filter(([is]) => is).map(([, what]) =>
        `${given.join(" ")}, given ${kind}: ${what}: ${told}`
      );
    },
    files: async () => {
      const { stdout } = await new Deno.Command("find", {
        args: [folder, "-printf", "%p %y %s %T@\n"],
      }).output();
      return new TextDecoder().decode(stdout).split("\n").sort().join("\n");
    },
    [Symbol.dispose]: () => {
      if (canMount) unmount(path("read-only"));
      Deno.removeSync(folder, { recursive: true });
    },
  };
}

/** Takes them two at a time; gives all problems, a change of the files among them. */
export async function allProblems(
  site: Site,
  jobs: readonly (readonly [PathCase, Kind])[],
): Promise<string[]> {
  const before = await site.files();
  const open = [...jobs];
  const found: string[] = [];
  const work = async () => {
    for (let job = open.shift(); job !== undefined; job = open.shift()) {
      found.push(...await site.problems(...job));
    }
  };
  await Promise.all([work(), work()]);
  const after = await site.files();
  return after === before ? found : [...found, changeOf(before, after)];
}

function changeOf(before: string, after: string): string {
  const lines = new Set(before.split("\n"));
  return `wrote ${
    after.split("\n").filter((line) => !lines.has(line)).join(", ")
  }`;
}
