/** Progress of a run: lines without a terminal, and a screen on one, read from an emulator. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  type ProgressWatcher,
  watchOn,
  type WatchOptions,
} from "../../../cli/console/progress.ts";
import type { NodeReport } from "../../../engine/run/node_record.ts";
import { cut } from "../../../cli/console/screen.ts";
import { unpainted } from "../../../cli/console/style.ts";
import { createEmulator } from "./emulator.ts";

interface Shown {
  readonly watcher: ProgressWatcher;
  /** What has been written. */
  text(): string;
  /** Lets time pass. */
  pass(seconds: number): void;
  /** The rows of the window. */
  screen(): Promise<string[]>;
  /** The rows, with those above the window; broken lines are joined. */
  lines(): Promise<string[]>;
  resize(columns: number, rows: number): Promise<void>;
  isCursorShown(): Promise<boolean>;
  /** How often the window was written to. */
  frames(): number;
  [Symbol.dispose](): void;
}

/** A watcher on a terminal of so many columns and rows, or on a stream that is none. */
function show(
  size: { columns: number; rows: number } | undefined,
  options: Partial<WatchOptions> = {},
): Shown {
  let now = 0, text = "", frames = 0, given = size;
  let onResize = () => {};
  const emulator = createEmulator(size?.columns ?? 80, size?.rows ?? 24, {
    bare: true,
  });
  let written = Promise.resolve();
  const watcher = watchOn({
    write: (chunk) => {
      text += chunk;
      frames++;
      written = emulator.write(chunk);
    },
    size: () => given,
    onResize: (listener) => {
      onResize = listener;
      return () => {};
    },
    paint: unpainted,
    now: () => now,
  }, { level: "full", ...options });
  return {
    watcher,
    text: () => text,
    pass: (seconds) => now += seconds * 1000,
    screen: () => written.then(emulator.screen),
    lines: () => written.then(emulator.lines),
    resize: async (columns, rows) => {
      await written;
      emulator.resize(columns, rows);
      given = { columns, rows };
      onResize();
      await written;
    },
    isCursorShown: () => written.then(emulator.isCursorShown),
    frames: () => frames,
    [Symbol.dispose]: watcher.close,
  };
}

function report(
  name: string,
  state: NodeReport["state"],
  seconds = 3,
): NodeReport {
  return {
    name,
    state,
    seconds,
    reasons: state === "skipped" ? ["needs teacher, which did not finish"] : [],
    outputs: {},
    metrics: {},
    measurements: {},
  };
}

const note = (loss: number) =>
  `loss ${
    loss.toFixed(3)
  } kd 2.100, 3,273 tokens/s, validation perplexity 9.81`;
const steps = (done: number, loss = 4) => ({
  done,
  total: 1600,
  unit: "steps",
  note: note(loss),
});

/** Two nodes that are trained at once, for 40 s, and a third of which nothing is known yet. */
function train(shown: Shown) {
  shown.watcher.start("student:rkd", ["never ran"]);
  shown.watcher.start("student:ckd-regular", ["never ran"]);
  for (let i = 0; i <= 20; i++) {
    shown.watcher.progress("student:rkd", steps(20 * i, 8 - i / 4));
    shown.watcher.progress("student:ckd-regular", steps(10 * i, 6));
    shown.pass(2);
  }
  shown.watcher.start("tokenize", ["never ran", "config.size 1 -> 2"]);
}

Deno.test("a running node has its part, its time left, its loss with a curve and its speed, and the run a line of its own", async () => {
  using shown = show({ columns: 80, rows: 24 }, { nodes: 17 });
  shown.watcher.expect(
    new Map([["student:rkd", 500], ["student:ckd-regular", 500], [
      "compare",
      100,
    ]]),
  );
  shown.watcher.end(report("fetch", "cached"));
  train(shown);
  const screen = await shown.screen();
  assertMatch(
    screen[0],
    /^student:rkd {10}━━━━─{12} {3}25 % {2}1m 58s left {2}400 of 1,600 steps$/,
  );
  assertMatch(
    screen[1],
    /^ {2}loss 3\.000 █.*▁ {2}3,273 tokens\/s {2}kd 2\.100/,
  );
  assertMatch(screen[2], /^student:ckd-regular {2}━━─{14} {3}12 % {2}/);
  assertMatch(screen[3], /^ {2}loss 6\.000 ▁+ {2}3,273 tokens\/s/);
  assertEquals(
    screen[4],
    "tokenize".padEnd(21) +
      "running for 0.0 s  config.size 1 -> 2",
  );
  assertEquals(
    screen[5],
    "1 of 17 done  1 cached  42 s so far  about 8.3 minutes left",
  );
  assertEquals(screen.length, 6);
});

for (
  const [columns, rows] of [[80, 24], [40, 24], [20, 6], [12, 3], [200, 50]]
) {
  Deno.test(`on ${columns} columns and ${rows} rows, no line is broken and none leaves the window`, async () => {
    using shown = show({ columns, rows }, { nodes: 17 });
    train(shown);
    const screen = await shown.screen();
    assertEquals(screen, await shown.lines());
    assert(screen.length < rows, screen.join("\n"));
    for (const row of screen) assert(row.length < columns, row);
    assertMatch(screen.at(-1) ?? "", /^0 of 17 d/);
    if (columns >= 40) {
      for (const name of ["student:rkd", "student:ckd-regular", "tokenize"]) {
        assert(screen.some((row) => row.startsWith(name)), screen.join("\n"));
      }
      assert(screen.some((row) => row.includes("loss 3.000 ")));
    }
    assertEquals(screen.some((row) => row === "and 3 more"), rows === 3);
  });
}

Deno.test("what is printed stays above, once, whatever is redrawn below it", async () => {
  using shown = show({ columns: 80, rows: 10 }, { nodes: 30 });
  for (let i = 0; i < 20; i++) {
    const name = `student:${i}`;
    shown.watcher.start(name, ["never ran"]);
    for (let step = 0; step <= 1600; step += 200) {
      shown.watcher.progress(name, steps(step));
      shown.pass(0.2);
    }
    // As wide as the window, and wider.
    shown.watcher.log(name, "x".repeat(80 - `${name}: `.length));
    shown.watcher.log(name, "y".repeat(100));
    shown.watcher.end(report(name, "ran"));
  }
  shown.watcher.close();
  const expected = Array.from({ length: 20 }, (_, i) => [
    `student:${i}: ${"x".repeat(80 - `student:${i}: `.length)}`,
    `student:${i}: ${"y".repeat(100)}`,
    `student:${i}: done in 3.0 s`,
  ]).flat();
  assertEquals(await shown.lines(), expected);
  assert(await shown.isCursorShown());
});

Deno.test("a window that is made narrower, wider, lower and higher shows each line once", async () => {
  using shown = show({ columns: 100, rows: 24 }, { nodes: 17 });
  shown.watcher.notice("Before.");
  train(shown);
  const sizes = [[60, 24], [33, 24], [90, 24], [41, 24], [41, 12], [120, 30]];
  for (const [columns, rows] of sizes) {
    await shown.resize(columns, rows);
    shown.pass(1);
    shown.watcher.progress("student:rkd", steps(500));
    const lines = await shown.lines();
    for (const name of ["Before.", "student:rkd", "student:ckd", "0 of 17"]) {
      const count = lines.filter((line) => line.startsWith(name)).length;
      assertEquals(count, 1, `${columns} x ${rows}:\n${lines.join("\n")}`);
    }
  }
  shown.watcher.end(report("student:rkd", "ran"));
  shown.watcher.close();
  assertEquals(await shown.lines(), ["Before.", "student:rkd: done in 3.0 s"]);
});

Deno.test("wide and combining characters take the columns that a terminal gives them", async () => {
  using shown = show({ columns: 40, rows: 12 });
  shown.watcher.start("fetch", ["never ran"]);
  // There are eleven columns. A letter with two marks has one, letters of these languages have two each.
  const notes: readonly (readonly [note: string, fits: boolean])[] = [
    ["z\u0323\u0307".repeat(11), true],
    ["z\u0323\u0307".repeat(12), false],
    ["翻訳翻訳翻", true],
    ["翻訳翻訳翻訳", false],
    ["👩‍🔬👩‍🔬", true],
  ];
  for (const [note, fits] of notes) {
    const progress = { done: 5, total: 100, unit: "bytes", note };
    shown.pass(1);
    shown.watcher.progress("fetch", progress);
    const screen = await shown.screen();
    assertEquals(screen, await shown.lines());
    assertEquals(screen.length, 1, screen.join("\n"));
    assertMatch(screen[0], /^fetch +5 %/);
    assertEquals(screen[0].includes(note), fits, screen[0]);
  }
  shown.watcher.start("corpus", ["config.name 翻訳 -> " + "翻訳".repeat(30)]);
  assertEquals(
    (await shown.screen())[1],
    "corpus  running for 0.0 s  config.name…",
  );
  assertEquals(cut("翻訳翻訳", 5), "翻訳…");
  assertEquals(cut("z\u0323\u0307z\u0323\u0307z", 2), "z\u0323\u0307…");
  shown.watcher.log("fetch", "翻訳 is there\x1b[2J\r\x07 still");
  assertEquals((await shown.lines())[0], "fetch: 翻訳 is there[2J still");
});

Deno.test("nothing is written while nothing changes, and a frame hides nothing that stays", async () => {
  using shown = show({ columns: 80, rows: 24 }, { nodes: 3 });
  shown.watcher.start("teacher", ["never ran"]);
  shown.pass(1);
  shown.watcher.progress("teacher", steps(10));
  const before = shown.frames();
  await new Promise((resolve) => setTimeout(resolve, 600));
  assertEquals(shown.frames(), before);
  shown.pass(1);
  shown.watcher.progress("teacher", steps(20));
  const frame = shown.text().slice(shown.text().lastIndexOf("\x1b[?2026h"));
  // It goes over what is there; only what is left over is erased, at the end.
  assert(frame.startsWith("\x1b[?2026h\x1b[3A\rteacher "), frame);
  assert(frame.endsWith("so far\x1b[K\n\x1b[J\x1b[?2026l"), frame);
  assertEquals(frame.split("\x1b[J").length, 2);
});

Deno.test("why a node was made stays, unless it was made for the first time, and so does where one was taken from", async () => {
  using shown = show({ columns: 80, rows: 24 }, { nodes: 3 });
  shown.watcher.start("teacher", ["never ran"]);
  shown.watcher.end(report("teacher", "ran"));
  shown.watcher.start("student:rkd", ["config.alpha 0.5 -> 0.7"]);
  shown.watcher.end(report("student:rkd", "ran"));
  shown.watcher.start("states", ["taken from /mnt/models"]);
  shown.watcher.end(report("states", "cached"));
  shown.watcher.end(report("fetch", "cached"));
  shown.watcher.close();
  assertEquals(await shown.lines(), [
    "teacher: done in 3.0 s",
    "student:rkd: done in 3.0 s  config.alpha 0.5 -> 0.7",
    "states: taken from /mnt/models",
  ]);
});

Deno.test("a run that finds nothing to do shows nothing", async () => {
  using shown = show({ columns: 80, rows: 24 }, { nodes: 3 });
  await new Promise((resolve) => setTimeout(resolve, 300));
  shown.watcher.close();
  assertEquals(shown.text(), "");
});

Deno.test("the time left is the estimate, corrected by how long its nodes took, and by what runs", async () => {
  using shown = show({ columns: 80, rows: 24 }, { nodes: 4 });
  const about = async () =>
    /about (.*) left/.exec((await shown.screen()).at(-1) ?? "")?.[1];
  shown.watcher.start("a", []);
  assertEquals(await about(), undefined);
  shown.watcher.expect(
    new Map([["a", 100], ["b", 100], ["c", 100], ["d", 100]]),
  );
  shown.pass(40);
  shown.watcher.log("a", "");
  assertEquals(await about(), "6 minutes");
  // Twice as long as was thought.
  shown.watcher.end(report("a", "ran", 200));
  assertEquals(await about(), "10 minutes");
  shown.watcher.end(report("b", "cached"));
  assertEquals(await about(), "6.7 minutes");
  shown.watcher.start("c", []);
  shown.watcher.progress("c", steps(0));
  shown.pass(10);
  // 40 s a quarter: 30 s are left of it, and 200 of the last.
  shown.watcher.progress("c", steps(400));
  assertEquals(await about(), "3.8 minutes");
});

Deno.test("an interrupted run says so until it has ended", async () => {
  const controller = new AbortController();
  using shown = show({ columns: 80, rows: 24 }, {
    nodes: 3,
    signal: controller.signal,
  });
  shown.watcher.start("teacher", ["never ran"]);
  controller.abort();
  assertMatch((await shown.screen()).at(-1) ?? "", /^Stopping .*Ctrl-C/);
  assert(!await shown.isCursorShown());
  shown.watcher.close();
  assertEquals(await shown.screen(), []);
  assert(await shown.isCursorShown());
});

Deno.test("without a terminal, a line says that a node begins, how far it is every ten seconds, and that it is done", () => {
  using shown = show(undefined, { nodes: 3 });
  shown.watcher.start("teacher", ["one", "two", "three", "four", "five"]);
  for (let i = 0; i <= 10; i++) {
    shown.watcher.progress("teacher", steps(10 * i));
    shown.pass(2);
  }
  shown.watcher.log("teacher", "step 100: loss");
  shown.watcher.end(report("teacher", "failed"));
  shown.watcher.end(report("states", "skipped"));
  shown.watcher.end(report("fetch", "cached"));
  assertEquals(
    shown.text(),
    [
      "teacher: one; two; three; and 2 more reasons",
      `teacher  3 % of 1600 steps, 5m 10s left, ${note(4)}`,
      `teacher  6 % of 1600 steps, 5m 00s left, ${note(4)}`,
      "teacher: step 100: loss",
      "teacher: failed after 3.0 s",
      "states: skipped, needs teacher, which did not finish",
      "",
    ].join("\n"),
  );
});

Deno.test("--no-progress keeps the lines of beginnings and ends, and --quiet nothing", () => {
  for (const level of ["lines", "quiet"] as const) {
    using shown = show({ columns: 80, rows: 24 }, { nodes: 3, level });
    shown.watcher.start("teacher", ["never ran"]);
    shown.pass(60);
    shown.watcher.progress("teacher", steps(10));
    shown.watcher.end(report("teacher", "ran"));
    assertEquals(
      shown.text(),
      level === "quiet" ? "" : "teacher: never ran\nteacher: done in 3.0 s\n",
    );
  }
});

Deno.test("what is longer than a terminal is wide is wrapped between words there, and whole elsewhere", async () => {
  const notice = "Other programs use 2.0 of 2 cores: stages take longer.";
  const reason = "config.training.beta 0.7 -> 0.5";
  const tell = ({ watcher }: Shown) => {
    watcher.notice(notice);
    watcher.start("compare", [reason]);
    watcher.end(report("compare", "ran"));
  };
  using narrow = show({ columns: 32, rows: 20 });
  tell(narrow);
  narrow.watcher.close();
  assertEquals((await narrow.screen()).filter((row) => row !== ""), [
    "Other programs use 2.0 of 2",
    "cores: stages take longer.",
    "compare: done in 3.0 s",
    "  config.training.beta 0.7 ->",
    "  0.5",
  ]);
  using piped = show(undefined);
  tell(piped);
  assertEquals(
    piped.text(),
    `${notice}\ncompare: ${reason}\ncompare: done in 3.0 s\n`,
  );
});
