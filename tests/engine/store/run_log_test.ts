/** Run logs: their order, and what can be read of damaged ones. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { readLog } from "../../../engine/store/node_log.ts";
import {
  readRuns,
  secondsOfRun,
  withCutOff,
} from "../../../engine/store/run_log.ts";
import { inProcess } from "../fixtures/in_process.ts";
import { makeProject } from "../fixtures/project.ts";

Deno.test("the last run is the last one that began, though the clock went back before it", async () => {
  using project = makeProject();
  const { run } = inProcess(project);
  await run();
  const artifacts = project.path("artifacts");
  const runs = join(artifacts, "runs");
  for (const { name } of [...Deno.readDirSync(runs)]) {
    const later = name.replace(/-\d{4}-/, "-2999-");
    assert(later !== name);
    Deno.renameSync(join(runs, name), join(runs, later));
  }
  for (const { name, isDirectory } of Deno.readDirSync(runs)) {
    if (isDirectory) Deno.writeTextFileSync(join(runs, name, "split.log"), "1");
  }
  project.write("text.txt", "one\n");
  await run();
  const last = readRuns(artifacts).at(-1)?.run ?? "";
  Deno.writeTextFileSync(join(runs, last, "split.log"), "2");
  assertEquals(readLog(artifacts, "split"), "2");
});

Deno.test("a run log that was cut off tells of what was begun, for how long, and has no outcome", async () => {
  using project = makeProject();
  await inProcess(project).run();
  const artifacts = project.path("artifacts");
  const [{ run, outcome, states }] = readRuns(artifacts);
  assertEquals([outcome, states.get("split")], ["done", "ran"]);
  const path = `artifacts/runs/${run}.jsonl`;
  const lines = project.read(path).split("\n");
  const [begun] = lines.map((line, i) =>
    line.includes('"name":"count:all"') ? i : -1
  )
    .filter((i) => i >= 0);
  project.write(
    path,
    [...lines.slice(0, begun + 1), '{"event":"node","na'].join("\n"),
  );
  const [cut] = readRuns(artifacts);
  assertEquals(cut.outcome, undefined);
  assertEquals(cut.machine, JSON.parse(lines[0]).machine);
  const [finished, unfinished] = [...cut.work.values()];
  assertEquals([finished.finished, unfinished.finished], [true, false]);
  assert(unfinished.seconds >= 0);
});

Deno.test("a run that goes on after others of its experiment that were cut off is one with them", () => {
  using project = makeProject();
  const runs = project.path("artifacts/runs");
  Deno.mkdirSync(runs, { recursive: true });
  const time = "2026-11-24T17:00:00.000Z";
  const recorded: readonly (readonly [string, string?])[] = [
    ["mine", "interrupted"],
    ["mine", "done"],
    ["mine", "interrupted"],
    ["other", "done"],
    ["mine"],
    ["mine", "done"],
  ];
  for (const [i, [experiment, outcome]] of recorded.entries()) {
    const path = join(runs, `00000${i}-run.jsonl`);
    const lines = [
      { event: "start", time, experiment },
      ...outcome === undefined ? [] : [{ event: "end", outcome, seconds: 10 }],
    ];
    const text = lines.map((line) => JSON.stringify(line) + "\n").join("");
    Deno.writeTextFileSync(path, text);
    const written = new Date(Date.parse(time) + 7000);
    Deno.utimeSync(path, written, written);
  }
  const all = readRuns(project.path("artifacts"));
  const pieces = withCutOff(all, all[5]);
  assertEquals(pieces.map((run) => all.indexOf(run)), [2, 4, 5]);
  assertEquals(pieces.map(secondsOfRun), [10, 7, 10]);
  assertEquals(withCutOff(all, all[1]).length, 2);
  assertEquals(withCutOff(all, all[3]).length, 1);
  const idle = { ...all[5], states: new Map([["split", "cached"]]) };
  assertEquals(withCutOff([...all.slice(0, 5), idle], idle), [idle]);
});
