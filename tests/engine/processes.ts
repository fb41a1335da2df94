/** Processes of a project's runs as a test sees them: found, waited for, killed. */
import { exists, type Project } from "./project.ts";

/** The process ids of the stages of this project that run now, found by what they execute; `stage` is its file. */
export function stageProcesses(project: Project, stage = ""): number[] {
  return [...Deno.readDirSync("/proc")].flatMap(({ name }) => {
    if (!/^\d+$/.test(name)) return [];
    const command = commandOf(name);
    const isStage = command.includes("data:text/javascript") &&
      command.includes(encodeURIComponent(stage)) &&
      command.includes(project.folder);
    return isStage ? [Number(name)] : [];
  });
}

/** Empty for a process that has ended, though its parent may not have asked yet. */
function commandOf(pid: string): string {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/cmdline`);
  } catch (error) {
    if (isGone(error)) return "";
    throw error;
  }
}

export function isAlive(pid: number): boolean {
  return exists(`/proc/${pid}/exe`);
}

/** Kills a process that may have ended meanwhile. */
export function tryKill(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound ||
    error instanceof Error && error.message.includes("os error 3");
}

/** What a probe finds, as soon as it finds something. */
export async function until<T>(probe: () => T | undefined): Promise<T> {
  for (let attempt = 0; attempt < 1000; attempt++) {
    const found = probe();
    if (found !== undefined) return found;
    await delay(10);
  }
  throw new Error("What was waited for did not come.");
}

export function delay(milliseconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, milliseconds));
}

/** Temporary files and folders, which a finished run should not leave. */
export function leftovers(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    if (name.endsWith(".tmp")) return [path];
    return isDirectory ? leftovers(path) : [];
  });
}
