/** Runs each stage in a process on this machine, with the Deno permissions that it declares. */
import type { Executor } from "./executor.ts";
import { runProcess } from "./process.ts";

export const local: Executor = {
  check: () => Promise.resolve(),
  run: async (node, job, options) => {
    const wrapper = await diesWithParent();
    return await runProcess(
      node,
      job,
      options,
      (args) => [...wrapper, Deno.execPath(), ...args],
    );
  },
};

/**
 * A command prefix with which the kernel kills a process when this one dies, even if native code keeps it busy. Empty if
 * the system lacks it; then the process ends when its standard input is closed.
 */
function diesWithParent(): Promise<readonly string[]> {
  wrapper ??= canRun([...WRAPPER, Deno.execPath(), "--version"])
    .then((can) => can ? WRAPPER : []);
  return wrapper;
}

async function canRun([program, ...args]: readonly string[]): Promise<boolean> {
  const quiet = { stdout: "null", stderr: "null" } as const;
  try {
    return (await new Deno.Command(program, { args, ...quiet }).output())
      .success;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return false;
  }
}

const WRAPPER = ["setpriv", "--pdeathsig", "KILL", "--"];
let wrapper: Promise<readonly string[]> | undefined;
