/**
 * Times the training step of the 12-layer teacher while others want the cores too, beside the same step alone: `times` is
 * how many times longer it takes, `other_times` how many times longer the others take for theirs. The others are busy
 * processes, or with `--twins=1` the same training a second time, of which the slower one counts. The step is that of
 * bench/measures/step.ts, or of the script that --script names, run by --python.
 */
import { fromFileUrl } from "@std/path";
import {
  numbers,
  peerScript,
  report,
  SYNTHETIC,
  TEACHER,
} from "../../figures.ts";
import { runReport } from "../report.ts";
import { startOthers } from "./others.ts";

/** How long the others are timed without a training, and how long they may take to start. */
const ALONE_SECONDS = 2, START_SECONDS = 0.5;

const peer = peerScript();
const sizes = { ...TEACHER, ...SYNTHETIC };
/** Timed steps span `seconds` at least, so that the turns that the system gives to processes average out. */
const given = numbers({ ...sizes, others: 1, twins: 0, steps: 8, seconds: 8 });

/** Times some steps in a process of their own. */
function timed(steps: number) {
  const names = ["threads", ...Object.keys(sizes)] as const;
  const args = [
    ...names.map((name) => `--${name}=${given[name as keyof typeof given]}`),
    `--steps=${steps}`,
  ];
  if (peer !== undefined) {
    return runReport(peer.python, [peer.script, ...args]);
  }
  const ours = fromFileUrl(new URL("../step.ts", import.meta.url));
  return runReport(Deno.execPath(), [
    ...["run", "--quiet", "--allow-all", ours],
    ...args,
  ]);
}

const alone = await timed(given.steps);
const stepMs = alone.figures.step_ms;
const steps = Math.max(
  given.steps,
  Math.ceil(1000 * given.seconds / stepMs),
);
const figures: Record<string, number> = { alone_ms: stepMs };
if (given.twins > 0) {
  const twins = await Promise.all([timed(steps), timed(steps)]);
  figures.shared_ms = Math.max(...twins.map(({ figures }) => figures.step_ms));
} else {
  const before = startOthers(given.others);
  const wait = 1000 * (START_SECONDS + ALONE_SECONDS);
  await new Promise((resolve) => setTimeout(resolve, wait));
  const rateAlone = await before.stop(ALONE_SECONDS);
  const beside = startOthers(given.others);
  figures.shared_ms = (await timed(steps)).figures.step_ms;
  const rateBeside = await beside.stop(steps * figures.shared_ms / 1000);
  figures.other_times = rateAlone / rateBeside;
}
figures.times = figures.shared_ms / stepMs;
await report(figures, given.threads, alone.version);
