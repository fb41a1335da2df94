/** Starts what shows a run in a page or a terminal: servers of this machine, ended with their scope. */
import { join } from "@std/path";
import { cacheFolder } from "../../apps/doctor/peers.ts";
import { statIfThere } from "../../base/stat.ts";
import { inputError } from "../../base/input_error.ts";
import { freePort } from "../../tests/fixtures/free_port.ts";

/** The programs that bench/report_tasks/setup installs. */
export function programs(): Readonly<
  Record<"mlflow" | "tensorboard" | "wandb" | "python", string>
> {
  const folder = Deno.env.get("CKD_BENCH_TRACKERS") ??
    join(cacheFolder(), "trackers");
  const at = (name: string) => join(folder, "bin", name);
  if (statIfThere(at("mlflow")) === undefined) {
    throw inputError(
      `Cannot compare reports: expected MLflow, TensorBoard and W&B in "${folder}", found none; run "bench/report_tasks/setup", or name their folder by CKD_BENCH_TRACKERS.`,
    );
  }
  return {
    mlflow: at("mlflow"),
    tensorboard: at("tensorboard"),
    wandb: at("wandb"),
    python: at("python"),
  };
}

export interface Server extends AsyncDisposable {
  readonly url: string;
  /** From its start until it answers. */
  readonly seconds: number;
}

const PATIENCE_MILLISECONDS = 900_000;

/** `args` are given the port behind them. */
export async function serve(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Server> {
  const port = freePort();
  const began = performance.now();
  const child = new Deno.Command(program, {
    args: [...args, "--host", "127.0.0.1", "--port", String(port)],
    env: { ...env },
    stdout: "null",
    stderr: "null",
  }).spawn();
  const url = `http://127.0.0.1:${port}`;
  const end = async () => {
    child.kill("SIGTERM");
    await child.status;
  };
  while (!await answers(url)) {
    if (performance.now() - began > PATIENCE_MILLISECONDS) {
      await end();
      throw new Error(`${program} does not answer`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const seconds = (performance.now() - began) / 1000;
  return { url, seconds, [Symbol.asyncDispose]: end };
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url);
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
