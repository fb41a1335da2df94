/** docs/extend.md, done to the letter in a copy of the project: its files written, its changes made, its commands run. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { inState, type NodeJson } from "../engine/fixtures/project.ts";

const ROOT = fromFileUrl(new URL("../..", import.meta.url));
const PAGE = Deno.readTextFileSync(join(ROOT, "docs/extend.md"));

/** What a copy of the project needs; `node_modules` is linked. */
const COPIED = [
  ...["apps", "base", "bench", "cli", "data", "engine", "experiments", "nmt"],
  ...["schemas", "sharing", "stages", "tools"],
  ...["pipeline.ts", "deno.json", "deno.lock"],
];

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

interface Copy {
  /** Does all of a section that has this heading, in its order; without, of what stands before the first one. */
  follow(heading?: string): Promise<string>;
  deno(...args: string[]): Promise<Outcome>;
  /** The nodes after a command of the pipeline on the experiment of the page. */
  nodes(...args: string[]): Promise<readonly NodeJson[]>;
  path(name: string): string;
  [Symbol.dispose](): void;
}

Deno.test("a system is a line, a data set a descriptor, and a stage a file, as docs/extend.md shows", async (t) => {
  using project = copyProject();

  await t.step("each system of the page is trained and evaluated", async () => {
    await project.follow();
    const told = await project.follow("A system");
    for (const system of ["ends", "deep-shallow", "seqkd", "tuned"]) {
      assertStringIncludes(told, `| ${system} `);
    }
    const names = (await project.nodes("status")).map(({ name }) => name);
    for (
      const node of ["translations", "choose:tuned", "student:tuned.alpha0.6"]
    ) {
      assert(names.some((name) => name.startsWith(node)), node);
    }
    assertEquals(names.filter((name) => /^(teacher|states)/.test(name)), [
      "teacher",
      "states",
    ]);
  });

  await t.step(
    "one more system runs its own nodes and the comparison",
    async () => {
      const mine = { alpha: 0.4, beta: 0.2, encoder: [[2], [5, 6]] };
      const nodes = await project.nodes(
        ...["status", "--set", `students.mine=${JSON.stringify(mine)}`],
      );
      assertEquals(inState(nodes, "stale").sort(), [
        "compare",
        "evaluate:mine",
        "export:mine",
        "student:mine",
      ]);
    },
  );

  await t.step("the text as a data set gives the same pairs", async () => {
    const before = await project.nodes("status");
    assertEquals(inState(before, "stale"), []);
    const told = await project.follow("A data set");
    assertMatch(told, /7 ran, \d+ cached/);
    const after = await project.nodes("status");
    assertEquals(inState(after, "stale"), []);
    const changed = after.filter(({ key }, i) => key !== before[i].key);
    const exported = after.map(({ name }) => name)
      .filter((name) => name.startsWith("export:"));
    assertEquals(exported.length, 5);
    assertEquals(
      changed.map(({ name }) => name).sort(),
      ["fetch", "corpus", ...exported].sort(),
    );
  });

  await t.step("the stage runs for each model, and nothing else", async () => {
    const before = await project.nodes("status");
    const told = await project.follow("A stage");
    assertMatch(told, /words: \d+\.\d+ of the reference/);
    const after = await project.nodes("status");
    assertEquals(inState(after, "stale"), []);
    const keys = new Set(before.map(({ key }) => key));
    const added = after.filter(({ key }) => !keys.has(key));
    assertEquals(added.map(({ name }) => name).sort(), [
      "lengths:deep-shallow",
      "lengths:ends",
      "lengths:seqkd",
      "lengths:teacher",
      "lengths:tuned",
    ]);
    for (const { metrics } of added) assert(Number(metrics.ratio) > 0);
  });

  await t.step(
    "what the page adds passes the checks of the project",
    async () => {
      for (const check of ["fmt --check", "lint", "check"]) {
        const { code, err } = await project.deno(
          ...check.split(" "),
          ...["phrases.ts", "stages/lengths.ts", "pipeline.ts"],
        );
        assertEquals(code, 0, err);
      }
    },
  );

  await t.step("the stage is denied what it does not declare", async () => {
    const path = project.path("stages/lengths.ts");
    Deno.writeTextFileSync(
      path,
      Deno.readTextFileSync(path).replace(
        "const length =",
        'await Deno.readTextFile("deno.json");\n    const length =',
      ),
    );
    const { code, err } = await project.deno(
      ...["task", "--quiet", "pipeline", "lengths:ends"],
      ...["--experiment", "phrases"],
    );
    assertEquals(code, 1);
    assertStringIncludes(err, 'Stage "lengths" may not read "');
  });
});

/** A fenced block of the page. */
interface Block {
  readonly language: string;
  readonly text: string;
  /** The file that the sentence before it names last. */
  readonly path: string;
}

function blocksOf(heading?: string): Block[] {
  const sections = PAGE.split(/^## /m);
  const section = heading === undefined
    ? sections[0]
    : sections.find((section) => section.startsWith(`${heading}\n`));
  assert(section !== undefined, `docs/extend.md has no "${heading}".`);
  const fenced = /^((?:.+\n)*)\n```(\w+)\n([\s\S]*?)^```$/gm;
  return [...section.matchAll(fenced)].map(([, before, language, text]) => ({
    language,
    text,
    path: [...before.matchAll(/`([\w-]+(?:[./][\w-]+)+)`/g)].at(-1)?.[1] ?? "",
  }));
}

function copyProject(): Copy {
  const folder = Deno.makeTempDirSync({ prefix: "extend-" });
  const path = (name: string) => join(folder, name);
  for (const name of COPIED) copy(join(ROOT, name), path(name));
  Deno.symlinkSync(join(ROOT, "node_modules"), path("node_modules"));
  // The commands of the page say "deno", and mean this one.
  Deno.mkdirSync(path(".bin"));
  Deno.symlinkSync(Deno.execPath(), path(".bin/deno"));
  const environment = {
    PATH: `${path(".bin")}:${Deno.env.get("PATH") ?? ""}`,
    NO_COLOR: "1",
  };
  const execute = async (command: string, args: string[]): Promise<Outcome> => {
    const { code, stdout, stderr } = await new Deno.Command(command, {
      args,
      cwd: folder,
      env: environment,
      stdin: "null",
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, out: text(stdout), err: text(stderr) };
  };
  const deno = (...args: string[]) => execute(Deno.execPath(), args);
  return {
    deno,
    path,
    follow: async (heading) => {
      let told = "";
      for (const block of blocksOf(heading)) {
        if (block.language === "sh") {
          const { code, out, err } = await execute("sh", ["-ec", block.text]);
          assertEquals(code, 0, `${block.text}${out}${err}`);
          told += out + err;
        } else if (block.language === "diff") {
          const before = Deno.readTextFileSync(path(block.path));
          Deno.writeTextFileSync(
            path(block.path),
            changed(before, block.text, block.path),
          );
        } else {
          assert(block.path !== "", `No file is named before: ${block.text}`);
          Deno.writeTextFileSync(path(block.path), block.text);
        }
      }
      return told;
    },
    nodes: async (...args) => {
      const { out, err } = await deno(
        ...["task", "--quiet", "pipeline", ...args],
        ...["--experiment", "phrases", "--json"],
      );
      assert(out !== "", err);
      return JSON.parse(out).nodes;
    },
    [Symbol.dispose]: () => Deno.removeSync(folder, { recursive: true }),
  };
}

/** A file after a change that is written as a diff without line numbers. */
function changed(text: string, diff: string, path: string): string {
  const lines = diff.trimEnd().split("\n");
  const side = (left: string) =>
    lines.filter((line) => !line.startsWith(left))
      .map((line) => `${line.slice(1)}\n`).join("");
  const before = side("+");
  assertEquals(
    text.split(before).length,
    2,
    `docs/extend.md changes lines of ${path} that are not there once:\n${before}`,
  );
  return text.replace(before, () => side("-"));
}

function copy(from: string, to: string): void {
  if (Deno.statSync(from).isFile) return Deno.copyFileSync(from, to);
  Deno.mkdirSync(to, { recursive: true });
  for (const { name } of Deno.readDirSync(from)) {
    if (name !== "node_modules") copy(join(from, name), join(to, name));
  }
}
