/** Whether other programs use the cores that a run is about to use, told before it starts. */
import { STAGE_PROCESS } from "../../engine/executors/process.ts";

/** How long the cores are watched. */
const WATCH_MS = 250;
/** From how many cores in use on it is told. */
const NOTICED = 0.5;
/** What a stage's process has on its command line: an address of code, in which the module is encoded. */
const STAGE = encodeURIComponent(STAGE_PROCESS);

export interface CoresInUse {
  readonly cores: number;
  /** How many of them other programs use at this moment. */
  readonly used: number;
  /** Stages of other runs among these programs. */
  readonly stages: number;
}

/** Watches the cores; undefined where the system does not tell, which only Linux does. */
export async function coresInUse(): Promise<CoresInUse | undefined> {
  if (Deno.build.os !== "linux") return undefined;
  const before = await cpuTimes();
  await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
  const after = await cpuTimes();
  const cores = navigator.hardwareConcurrency;
  const all = after.all - before.all, idle = after.idle - before.idle;
  const used = all > 0 ? cores * (1 - idle / all) : 0;
  return { cores, used, stages: await stagesThatRun() };
}

/** Ticks of all cores since the system started, and those without work. */
async function cpuTimes(): Promise<{ all: number; idle: number }> {
  const [line] = (await Deno.readTextFile("/proc/stat")).split("\n");
  const ticks = line.split(/\s+/).slice(1, 9).map(Number);
  const [, , , idle, waiting] = ticks;
  return { all: ticks.reduce((sum, each) => sum + each), idle: idle + waiting };
}

async function stagesThatRun(): Promise<number> {
  let count = 0;
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    // A process may end meanwhile, or be another user's.
    const line = await Deno.readTextFile(`/proc/${name}/cmdline`)
      .catch(() => "");
    if (line.includes(STAGE)) count++;
  }
  return count;
}

/** What is told before a run, with the end of line; undefined where the cores are free. */
export function sharedCoresText(
  { cores, used, stages }: CoresInUse,
): string | undefined {
  if (used < NOTICED) return undefined;
  const others = stages === 0
    ? "other programs"
    : stages === 1
    ? "a stage of another run"
    : `${stages} stages of other runs`;
  return `${
    used.toFixed(1)
  } of ${cores} cores are in use by ${others}: stages take about twice as long meanwhile; ` +
    "let both go on, or stop this one by Ctrl-C and run it later.\n";
}
