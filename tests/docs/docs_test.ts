/** What pages say of tests, files, figures, commands and other pages is true. */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl, join, toFileUrl } from "@std/path";
import { statIfThere } from "../../base/stat.ts";
import { TABLES } from "../../bench/committed.ts";
import { flagOf } from "../../cli/command.ts";
import {
  loadCommand,
  PIPELINE_COMMANDS,
  TASK_COMMANDS,
} from "../../cli/commands/index.ts";
import { commandsIn } from "../../docs/pictures/animation.ts";
import { sessionOf } from "../../docs/pictures/session.ts";
import {
  blocksOf,
  commandsOf,
  headingsOf,
  linksOf,
  MOST,
  namedTests,
  PAGES,
  read,
  ROOT,
  withDiff,
} from "./page.ts";

Deno.test("each change of a file of the project that a page shows can be made", () => {
  const diffs = PAGES.flatMap(blocksOf).filter(({ language, path }) =>
    language === "diff" && statIfThere(join(ROOT, path)) !== undefined
  );
  assert(diffs.length > 0);
  for (const { path, text } of diffs) withDiff(read(path), text, path);
});

/** The number of tests that each page names: a row that names none is seen. */
const NAMING = {
  "docs/engine.md": 19,
  "docs/how-to/sharing.md": 27,
  "docs/how-to/serve.md": 13,
};

for (const [page, count] of Object.entries(NAMING)) {
  Deno.test(`each test that ${page} names is there`, () => {
    const named = namedTests(page);
    assertEquals(named.length, count);
    const missing = named.filter(({ path, title }) =>
      statIfThere(join(ROOT, path)) === undefined || !read(path).includes(title)
    );
    assertEquals(missing, []);
  });
}

Deno.test("each link to a file of the project leads to one, and to a heading of it", () => {
  const broken = PAGES.flatMap((page) =>
    linksOf(page).flatMap(({ target }) => {
      const url = new URL(target, toFileUrl(join(ROOT, page)));
      const path = fromFileUrl(url);
      const isRight = statIfThere(path) !== undefined &&
        (url.hash === "" || headingsOf(path).includes(url.hash.slice(1)));
      return isRight ? [] : [`${page}: ${target}`];
    })
  );
  assertEquals(broken, []);
});

Deno.test("the README leads to every page", () => {
  const targets = linksOf("README.md").map(({ target }) => target);
  const pages = PAGES.filter((page) =>
    page.startsWith("docs/") && !/\/README|\/results\//.test(page)
  );
  assertEquals(pages.filter((page) => !targets.includes(page)), []);
});

Deno.test("each path of the project that a page names in backquotes is there", () => {
  const paths =
    /`((?:apps|base|bench|cli|data|docs|engine|experiments|nmt|schemas|sharing|stages|tests|tools)\/[\w./-]+)`/g;
  const missing = PAGES.flatMap((page) =>
    [...read(page).matchAll(paths)].map(([, path]) => ({ page, path }))
  ).filter(({ path }) =>
    statIfThere(join(ROOT, path)) === undefined && !EXAMPLES.includes(path)
  );
  assertEquals(missing, []);
});

/** Files that docs/how-to/extend.md has the reader write, and paths that are elsewhere. */
const EXAMPLES = [
  "data/phrases.json",
  "experiments/phrases.jsonc",
  "stages/lengths.ts",
  "data/pairs.jsonl",
  "data/task1/raw",
  "data/multi30k/task1/raw",
];

Deno.test("each picture says what it shows, is of a size that all can have, and is used", () => {
  const shown = PAGES.flatMap((page) =>
    linksOf(page).filter(({ isPicture }) => isPicture)
      .map((picture) => ({ ...picture, page }))
  );
  assert(shown.length > 0);
  for (const { page, target, text } of shown) {
    assert(text.split(" ").length > 3, `${page}: "${text}" of ${target}`);
  }
  const names = shown.map(({ target }) => target.replace(/^.*\//, ""));
  const pictures = ["docs/pictures", "docs/results"].flatMap((folder) =>
    [...Deno.readDirSync(join(ROOT, folder))]
      .filter(({ name }) => /\.(svg|webp)$/.test(name))
      .map(({ name }) => ({ folder, name }))
  );
  assertEquals(pictures.filter(({ name }) => !names.includes(name)), []);
  let all = 0;
  for (const { folder, name } of pictures) {
    const { size } = Deno.statSync(join(ROOT, folder, name));
    assert(size <= MOST.one, `${name} has ${size} bytes`);
    all += size;
  }
  assert(all <= MOST.all, `${all} bytes`);
});

Deno.test("the recorded session is of the commands that its script runs, each of which exited with 0", () => {
  const played = commandsIn(read("docs/pictures/session.svg"));
  assertEquals(
    played.map(({ command, code }) => ({ command, code })),
    sessionOf(true).map((command) => ({ command, code: 0 })),
  );
});

Deno.test("tables of benches are what `deno task bench table` prints of the committed figures", () => {
  const marker = /^<!-- bench: (\w+) -->\n\n(?:```\n)?/gm;
  const wrong = PAGES.flatMap((page) => {
    const text = read(page);
    return [...text.matchAll(marker)].flatMap(({ 0: mark, 1: name, index }) => {
      assert(Object.hasOwn(TABLES, name), `${page}: no table "${name}"`);
      const table = TABLES[name]();
      return text.slice(index + mark.length).startsWith(`${table}\n`)
        ? []
        : [`${page}: the table "${name}" should be\n${table}`];
    });
  });
  assertEquals(wrong, []);
});

async function flagsOf(file: string): Promise<string[]> {
  const { options } = await loadCommand(file);
  return [
    "--help",
    ...Object.entries(options).map(([key, option]) => flagOf(key, option)),
  ];
}

Deno.test("every command in a page is one that there is, with the options that it has", async () => {
  const wrong: string[] = [];
  for (const page of PAGES) {
    const commands = blocksOf(page).filter(({ language }) => language === "sh")
      .flatMap(({ text }) => commandsOf(text));
    const inline = [...read(page).matchAll(/`(deno task [^`]+)`/g)]
      .map(([, command]) => command.replace(/\s+/g, " "));
    for (const command of [...commands, ...inline]) {
      const [, task, rest] =
        /\btask (pipeline|translate|score|serve|web)\b([^|>;]*)/.exec(
          command.replace(/'[^']*'|\\\n/g, " "),
        ) ?? [];
      if (task === undefined) continue;
      const words = rest.trim().split(/\s+/).filter((word) => word !== "");
      if (words[0] === "help" || words[0] === "COMMAND") continue;
      const file = task === "pipeline"
        ? PIPELINE_COMMANDS.get(words[0]) ?? PIPELINE_COMMANDS.get("run")
        : TASK_COMMANDS.get(task);
      assert(file !== undefined, command);
      const flags = await flagsOf(file);
      for (const word of words.filter((word) => word.startsWith("--"))) {
        const flag = word.replace(/[=,].*$/, "");
        if (!flags.includes(flag)) wrong.push(`${page}: ${flag} in ${command}`);
      }
    }
  }
  assertEquals(wrong, []);
});

Deno.test("every option that docs/cli.md, docs/how-to/serve.md and docs/how-to/web.md name is one of a command", async () => {
  const files = [...PIPELINE_COMMANDS.values(), ...TASK_COMMANDS.values()];
  const flags = (await Promise.all(files.map(flagsOf))).flat();
  for (
    const page of ["docs/cli.md", "docs/how-to/serve.md", "docs/how-to/web.md"]
  ) {
    const named = [...read(page).matchAll(/`(--[a-z-]+)/g)].map(([, f]) => f);
    assert(named.length > 3, page);
    assertEquals(named.filter((flag) => !flags.includes(flag)), [], page);
  }
});

Deno.test("each package in deno.json has a line in docs/decisions.md", () => {
  const { imports }: { imports: Record<string, string> } = JSON.parse(
    read("deno.json"),
  );
  const packages = Object.values(imports).map((specifier) =>
    specifier.replace(/^npm:(@?[^@]+)@.*$/, "$1")
  );
  const decisions = read("docs/decisions.md");
  assertEquals(
    [...new Set(packages)].filter((name) => !decisions.includes(`\`${name}\``)),
    [],
  );
});
