/** Runs and times a command as a process. */

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Outcome {
  readonly code: number;
  readonly milliseconds: number;
  readonly out: string;
  readonly err: string;
}

/** Kills the command when the signal comes. */
export async function runCommand(
  command: Command,
  signal?: AbortSignal,
): Promise<Outcome> {
  const began = performance.now();
  const child = new Deno.Command(command.program, {
    args: [...command.args],
    cwd: command.cwd,
    env: command.env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  // Snakemake takes its time to end on a gentler one.
  const kill = () => child.kill("SIGKILL");
  signal?.addEventListener("abort", kill);
  const { code, stdout, stderr } = await child.output();
  const milliseconds = performance.now() - began;
  signal?.removeEventListener("abort", kill);
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, milliseconds, out: text(stdout), err: text(stderr) };
}

/** Runs a command that has to succeed. */
export async function mustRun(
  command: Command,
  signal?: AbortSignal,
): Promise<Outcome> {
  const outcome = await runCommand(command, signal);
  if (outcome.code !== 0) {
    const line = [command.program, ...command.args].join(" ");
    throw new Error(
      `"${line}" in "${
        command.cwd ?? "."
      }" ended with exit code ${outcome.code}: ${outcome.err}${outcome.out}`,
    );
  }
  return outcome;
}

/** The first version number that a command prints; undefined if there is no such program. */
export async function versionOf(command: Command): Promise<string | undefined> {
  try {
    const { out, err } = await mustRun(command);
    return /\d+(\.\d+)+\S*/.exec(out + err)?.[0] ?? out.trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
