/** Whether other programs use the cores that a run is about to use, told before it starts. */
import { STAGE_PROCESS } from "../../engine/executors/process.ts";

/** How long the cores are watched. */
const WATCH_MS = 250;
/** From which share of the cores in use on it is told. */
const NOTICED = 0.25;
/** What a stage's process has on its command line: an address of code, in which the module is encoded. */
const STAGE = encodeURIComponent(STAGE_PROCESS);

export interface CoresInUse {
  readonly cores: number;
  /** How many of them other programs use at this moment. */
  readonly used: number;
  /** Stages of other runs among these programs. */
  readonly stages: number;
}

/** Watches the cores; undefined where the system does not tell of all of them and no others, which only Linux may do. */
export async function coresInUse(): Promise<CoresInUse | undefined> {
  if (Deno.build.os !== "linux") return undefined;
  try {
    const before = await cpuTimes();
    await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
    const after = await cpuTimes();
    const { cores } = after;
    // In a container, what the system tells may be of a machine with more cores than the run gets.
    if (cores !== navigator.hardwareConcurrency) return undefined;
    const all = after.all - before.all, idle = after.idle - before.idle;
    const used = all > 0 ? cores * (1 - idle / all) : 0;
    return { cores, used, stages: await stagesThatRun() };
  } catch (error) {
    const isHidden = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.PermissionDenied ||
      error instanceof Deno.errors.NotCapable;
    if (isHidden) return undefined;
    throw error;
  }
}

interface CpuTimes {
  readonly cores: number;
  /** Ticks of all cores since the system started. */
  readonly all: number;
  /** Those without work. */
  readonly idle: number;
}

async function cpuTimes(): Promise<CpuTimes> {
  const text = await Deno.readTextFile("/proc/stat");
  const ticks = text.split("\n")[0].split(/\s+/).slice(1, 9).map(Number);
  const [, , , idle, waiting] = ticks;
  return {
    cores: text.match(/^cpu\d+ /gm)?.length ?? 0,
    all: ticks.reduce((sum, each) => sum + each),
    idle: idle + waiting,
  };
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
  if (used < NOTICED * cores) return undefined;
  const others = stages === 0
    ? ""
    : `, ${stages} ${
      stages === 1 ? "stage" : "stages"
    } of other runs among them`;
  return `Other programs use ${used.toFixed(1)} of ${cores} cores${others}: ` +
    "stages take longer meanwhile; let both go on, or stop this one by Ctrl-C and run it later.\n";
}
