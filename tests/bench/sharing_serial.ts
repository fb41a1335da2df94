/** Steps beside busy processes and beside a twin, and starts, with short times: what is reported, and that load is felt. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { lastRate, startOthers } from "../../bench/measures/sharing/others.ts";
import { Report, runReport } from "../../bench/measures/report.ts";
import { BENCH } from "./bench.ts";

const PROGRAM = join(BENCH, "measures", "sharing", "shared.ts");

const ATTEMPTS = 4;

/** A small step, so that starting takes most of the time. */
const SIZES = [
  ...["--width=32", "--feed-forward=64", "--layers=1", "--vocabulary=500"],
  ...["--rows=8", "--length=8", "--steps=30", "--seconds=1", "--threads=1"],
];

/** A step that takes longer than a turn of the system's scheduler: the median of shorter ones does not feel who waits between them. */
const LONGER = ["--width=128", "--feed-forward=512", "--rows=64"];

function shared(...args: string[]): Promise<Report> {
  return runReport(Deno.execPath(), [
    ...["run", "--quiet", "--allow-all", PROGRAM],
    ...[...SIZES, ...args],
  ]);
}

Deno.test("the rate of others is that of their last slices", () => {
  const slices = [
    { rounds: 900, ms: 100 },
    { rounds: 10, ms: 100 },
    { rounds: 20, ms: 200 },
  ];
  assertAlmostEquals(lastRate(slices, 0.3), 0.1);
  assertAlmostEquals(lastRate(slices, 0.1), 0.1);
  assertAlmostEquals(lastRate(slices, 9), 930 / 400);
});

Deno.test("busy processes count rounds until they are told to stop", async () => {
  const others = startOthers(2);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert(await others.stop(1) > 0);
});

Deno.test("more busy processes than cores make a step longer, and it makes them longer", async () => {
  const others = 2 * navigator.hardwareConcurrency;
  const found: Report["figures"][] = [];
  const isFelt = ({ times, other_times }: Report["figures"]) =>
    times > 1.2 && other_times > 1;
  // A machine that does something else slows both down, so that a try may not show it.
  while (found.length < ATTEMPTS && !found.some(isFelt)) {
    const { figures } = await shared(...LONGER, `--others=${others}`);
    assertAlmostEquals(figures.times, figures.shared_ms / figures.alone_ms);
    found.push(figures);
  }
  assert(found.some(isFelt), JSON.stringify(found));
});

Deno.test("of twins the slower one counts, and no others are timed", async () => {
  const { figures } = await shared("--twins=1");
  assertAlmostEquals(figures.times, figures.shared_ms / figures.alone_ms);
  assertEquals(figures.other_times, undefined);
});

Deno.test("a peer's script takes the place of our step", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const script = join(folder, "step.sh");
    await Deno.writeTextFile(
      script,
      `for flag in "$@"; do case "$flag" in --steps=*) steps="\${flag#*=}";; esac; done
       echo "{\\"figures\\":{\\"step_ms\\":$steps},\\"peak_mb\\":1,\\"version\\":\\"fake\\",\\"threads\\":1}"
       sleep 1`,
    );
    const { figures, version } = await shared(
      ...["--python=sh", `--script=${script}`, "--others=1"],
    );
    // Alone 30 steps of "30 ms"; then as many as span a second.
    assertEquals([figures.alone_ms, figures.shared_ms], [30, 34]);
    assertEquals(version, "fake");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
