/** Runs on a real pseudo-terminal, as users see them: two nodes at once, a window that is resized, Ctrl-C, a failure. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { dirname, fromFileUrl } from "@std/path";
import { stripVTControlCharacters } from "node:util";
import {
  makeProject,
  type Project,
  SLOW_TEXT,
  WORDS,
} from "../../engine/fixtures/project.ts";
import { tarballs } from "../../nmt/text/fixtures/tarballs.ts";
import { logSteering } from "../fixtures/steering.ts";
import { missingPty, openSession, type SessionOptions } from "./pty.ts";

const ROOT = fromFileUrl(new URL("../../../", import.meta.url));
const PIPELINE = [
  Deno.execPath(),
  ...["run", "--quiet", "--allow-all", "cli/main.ts"],
];

/** Two counts that take two seconds, on a core each. */
const SLOW = [
  "--set",
  'counts={"one":{"milliseconds":150},"other":{"milliseconds":160,"longest":3}}',
];

function run(project: Project, args: string[], options: SessionOptions = {}) {
  return openSession([...PIPELINE, ...args], {
    ...options,
    cwd: project.folder,
  });
}

/** Makes the stage `total` fail. */
function breakTotals(project: Project): void {
  project.edit(
    `${WORDS}/stages/total.ts`,
    "const words =",
    'throw new Error("no sum");\n    const words =',
  );
}

/** Whether the node count:one is under way. */
const isUnderWay = (screen: string[]) =>
  screen.some((row) => /^count:one.* [1-9]\d* %/.test(row));

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name: name + (missingPty ?? ""),
    ignore: missingPty !== undefined,
    fn,
  });
}

for (const columns of [80, 40]) {
  test(`on ${columns} columns two nodes that run at once have a line each, and leave one line each behind`, async () => {
    using project = makeProject(SLOW_TEXT);
    let most = 0;
    const args = ["--share-cores", "--jobs", "2", ...SLOW];
    await using session = run(project, args, {
      columns,
      each: (screen) => {
        const live = screen.filter((row) => /^count:.* \d+ %/.test(row));
        most = Math.max(most, live.length);
      },
    });
    assertEquals(await session.ended, 0);
    assertEquals(most, 2);
    const lines = session.lines();
    const done = lines.filter((line) => / done in /.test(line))
      .map((line) => line.replace(/:? done in .*/, "")).sort();
    assertEquals(done, [
      ...["count:one", "count:other", "split", "total:one", "total:other"],
    ]);
    assertEquals(lines.filter((line) => / %| so far|of 5 done/.test(line)), []);
    assertMatch(lines.at(-1) ?? "", /^5 ran, in \d/);
    assert(session.isCursorShown());
  });
}

test("a window that is resized meanwhile shows every line once, and is as clean at the end", async () => {
  using project = makeProject(SLOW_TEXT);
  await using session = run(
    project,
    ["--share-cores", "--jobs", "2", ...SLOW].map((word) =>
      word.replace(/:1[56]0/g, ":400")
    ),
    { columns: 100 },
  );
  const isLive = (screen: string[]) =>
    screen.filter((row) => /^count:.* \d+ %/.test(row)).length === 2;
  await session.until(isLive, "Two running nodes");
  for (const [columns, rows] of [[45, 24], [30, 20], [90, 24]]) {
    await session.resize(columns, rows);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const lines = session.lines();
    for (const start of ["split: done", "count:one ", "count:other "]) {
      const count = lines.filter((line) => line.startsWith(start)).length;
      assertEquals(count, 1, `${columns}: ${start}\n${lines.join("\n")}`);
    }
  }
  assertEquals(await session.ended, 0);
  const lines = session.lines();
  // What split logs, five ends, two lines of the summary and the last one.
  assertEquals(lines.length, 1 + 5 + 2 + 1, lines.join("\n"));
});

test("Ctrl-C leaves a clean screen, the cursor, exit code 130 and how to go on", async () => {
  using project = makeProject(SLOW_TEXT);
  await using session = openSession(
    [Deno.execPath(), "task", "--quiet", "pipeline", "count:one", ...SLOW],
    {
      cwd: project.folder,
      env: { PATH: `${dirname(Deno.execPath())}:${Deno.env.get("PATH")}` },
    },
  );
  await session.until(isUnderWay, "A node that is under way");
  assert(!session.isCursorShown());
  await session.type("\x03");
  assertEquals(await session.ended, 130);
  assert(session.isCursorShown());
  const lines = session.lines();
  assertEquals(lines.map((line) => line.replace(/ in \d.*/, "")).slice(0, 6), [
    "split: 12 lines",
    "split: done",
    "count:one: skipped, interrupted",
    "1 ran, 1 skipped,",
    "Interrupted; checkpoints are kept, run again to go on.",
    "Next:",
  ]);
  assertStringIncludes(lines[6], "deno task pipeline count:one --set 'counts=");

  await using again = run(project, ["count:one", ...SLOW]);
  assertEquals(await again.ended, 0);
  assertMatch(again.lines().join("\n"), /resumed after \d+ files/);
});

test("a second Ctrl-C ends a run at once, and leaves the cursor", async () => {
  using project = makeProject(SLOW_TEXT);
  project.edit(
    `${WORDS}/stages/count.ts`,
    "const checkpoint =",
    'Deno.addSignalListener("SIGTERM", () => {});\n' +
      '    Deno.addSignalListener("SIGINT", () => {});\n    const checkpoint =',
  );
  await using session = run(project, ["count:one", ...SLOW]);
  await session.until(isUnderWay, "A node that is under way");
  await session.type("\x03");
  await session.until(
    (screen) => screen.some((row) => row.startsWith("Stopping")),
    "That it stops",
  );
  // The same signal twice at once is one Ctrl-C: deno task passes on what the terminal sends.
  await new Promise((resolve) => setTimeout(resolve, 600));
  await session.type("\x03");
  assertEquals(await session.ended, 130);
  assert(session.isCursorShown());
  assertEquals(session.lines().filter((line) => /Stopping|%/.test(line)), []);
});

test("a failure ends with its sentence and with next steps", async () => {
  using project = makeProject();
  breakTotals(project);
  await using session = run(project, ["total:short", "--artifacts", "mine"], {
    columns: 200,
  });
  assertEquals(await session.ended, 1);
  const lines = session.lines();
  assertStringIncludes(lines.join("\n"), 'Stage "total" failed: no sum');
  assertEquals(lines.slice(-3), [
    "Next:",
    "  deno task pipeline log total:short --artifacts mine  all that it said",
    "  deno task pipeline total:short --artifacts mine      once mended: what was finished stays",
  ]);
});

test("neither --json nor --quiet gives advice, nor does a pipe, a dumb terminal or CI", async () => {
  using project = makeProject();
  const advises = async (args: string[], env = {}) => {
    await using session = run(project, ["--force", ...args], { env });
    await session.ended;
    const output = session.output();
    return output.includes("Next:") || output.includes("\x1b[?25l");
  };
  breakTotals(project);
  assertEquals(await advises([]), true);
  assertEquals(await advises(["--quiet"]), false);
  assertEquals(await advises([], { CI: "true" }), false);
  assertEquals(await advises([], { TERM: "dumb" }), false);
  const { out, err } = await project.run("--force");
  assert(!`${out}${err}`.includes("Next:"));
  assert(!`${out}${err}`.includes("\x1b"));
  await using json = run(project, ["--force", "--json"]);
  await json.ended;
  assert(!json.output().includes("Next:"));
});

test("a log on a terminal steers nothing", async () => {
  using project = makeProject();
  logSteering(project);
  assertEquals((await project.run("total:all")).code, 0);
  await using session = run(project, ["log", "total:all"], {
    env: { NO_COLOR: "1" },
  });
  assertEquals(await session.ended, 0);
  assertStringIncludes(session.output(), "total a[2J]0;title31mb");
  assert(!/(?![\r\n])\p{Cc}/u.test(session.output()));
});

test("a terminal has colours, a pipe has none, and both have the same words", async () => {
  using project = makeProject();
  const onTerminal = async (
    args: string[],
    env: Readonly<Record<string, string>> = {},
  ) => {
    await using session = run(project, args, { columns: 200, env });
    await session.ended;
    return session.output().replaceAll("\r\n", "\n");
  };
  await project.run("count:short");
  const [plain, coloured, without] = [
    (await project.run("status")).out,
    await onTerminal(["status"]),
    await onTerminal(["status"], { NO_COLOR: "1" }),
  ];
  const withoutAge = (text: string) => text.replace(/ +\d+(\.\d)? s\b */g, " ");
  assert(!plain.includes("\x1b"));
  assert(!without.includes("\x1b"));
  assertStringIncludes(coloured, "\x1b[36mcached\x1b[39m");
  assertStringIncludes(coloured, "\x1b[33mnew\x1b[39m");
  assertEquals(
    withoutAge(stripVTControlCharacters(coloured)),
    withoutAge(plain),
  );
  const error = await onTerminal(["statsu"]);
  assertEquals(
    error,
    `\x1b[31mCannot\x1b[39m find node "statsu", did you mean "status".\n`,
  );
});

test("tables are no wider than the terminal", async () => {
  using project = makeProject();
  await project.run();
  for (const columns of [80, 40]) {
    for (const args of [["status", "--set", "lowercase=true"], ["log"]]) {
      await using session = run(project, args, { columns, rows: 40 });
      await session.ended;
      const rows = stripVTControlCharacters(session.output()).split("\r\n");
      assert(rows.length > 2);
      assert(rows.every(({ length }) => length <= columns), rows.join("\n"));
    }
  }
});

const network = await tarballs("npm-messages");
const missing = missingPty ??
  (network.missing === undefined
    ? undefined
    : ` [not run: ${network.missing}]`);

/** The line of a running node; shares in a log have percents too. */
const LIVE = /^\S+ .* \d+ %.* of /;

Deno.test({
  name:
    `the first run of tiny prints its downloads and estimate, shows the losses of two trainings at once, and ends with next steps${
      missing ?? ""
    }`,
  ignore: missing !== undefined,
  fn: async () => {
    const artifacts = Deno.makeTempDirSync();
    let most = 0, isCurved = false, isEstimated = false;
    try {
      await using session = openSession([
        ...PIPELINE,
        ...["--experiment", "tiny", "--artifacts", artifacts],
        ...["--share-cores", "--jobs", "2"],
      ], {
        cwd: ROOT,
        each: (screen) => {
          const live = screen.filter((row) => LIVE.test(row));
          most = Math.max(most, live.length);
          isCurved ||= screen.some((row) =>
            /^ {2}loss \d\.\d{3} [▁▂▃▄▅▆▇█]{12} {2}[\d,]+ tokens\/s/.test(row)
          );
          isEstimated ||= screen.some((row) =>
            /^\d+ of 18 done .* about .* left$/.test(row)
          );
        },
      });
      assertEquals(await session.ended, 0);
      assert(
        most === 2 && isCurved && isEstimated,
        `${most} ${isCurved} ${isEstimated}`,
      );
      const lines = session.lines();
      const notice = lines.slice(0, 6).join(" ");
      assertMatch(
        notice,
        /^Data set "npm-messages": \d+ packages of [\d.]+ MB will be downloaded from your npm registry, .* under .*\. This run takes about [\d.]+ (second|minute)s?, .* of disk and .* of memory, by .*\./,
      );
      const done = lines.filter((line) => / done in /.test(line));
      assertEquals(done.length, 18);
      assertEquals(
        lines.filter((line) => / so far/.test(line) || LIVE.test(line)),
        [],
      );
      const next = lines.slice(lines.indexOf("Next:"));
      assertEquals(
        next.map((line) =>
          line.replace(/(?<=\S) {2,}\S.*$/, "")
            .replace(/export:(\S+) --out \1/, "export:BEST --out BEST")
        )
          .filter((line) => !line.startsWith("    ")),
        [
          "Next:",
          `  deno task translate --artifacts ${artifacts}`,
          `  deno task pipeline report --experiment tiny --artifacts ${artifacts}`,
          `  deno task web --artifacts ${artifacts}`,
          `  deno task pipeline get export:BEST --out BEST --artifacts ${artifacts}`,
          `  deno task serve --artifacts ${artifacts}`,
        ],
      );
    } finally {
      Deno.removeSync(artifacts, { recursive: true });
    }
  },
});
