/** Runs commands on a real pseudo-terminal, and reads its screen by an emulator. */
import { fromFileUrl } from "@std/path";
import { createEmulator, type Emulator } from "./emulator.ts";

const SCRIPT = fromFileUrl(new URL("on_pty.py", import.meta.url));

/** What is missing for a pseudo-terminal and how to get it, in the words of a test's title. */
export const missingPty = await (async () => {
  try {
    const { success } = await new Deno.Command("python3", {
      args: ["-c", "import pty, termios, os; os.waitstatus_to_exitcode"],
      stderr: "null",
    }).output();
    if (success) return undefined;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return " [not run: a pseudo-terminal needs Python 3.9 or newer, as python3]";
})();

export interface Session extends Emulator {
  /** All that was written, as it was. */
  output(): string;
  type(keys: string): Promise<void>;
  resize(columns: number, rows: number): Promise<void>;
  /** Waits until the screen is as it should be; fails with what it shows where that takes too long. */
  until(isSo: (screen: string[]) => boolean, what: string): Promise<void>;
  /** The exit code, when all output has been shown. */
  readonly ended: Promise<number>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface SessionOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly cwd?: string;
  /** Beside what the tests themselves were given, without what decides of colours and of terminals. */
  readonly env?: Readonly<Record<string, string>>;
  /** Is shown every screen, so that a test sees what was there for a moment only. */
  readonly each?: (screen: string[]) => void;
}

const PATIENCE_MILLISECONDS = 60_000;

export function openSession(
  command: readonly string[],
  { columns = 80, rows = 24, cwd, env = {}, each }: SessionOptions = {},
): Session {
  const emulator = createEmulator(columns, rows);
  const {
    CI: _ci,
    NO_COLOR: _none,
    FORCE_COLOR: _forced,
    ...inherited
  } = Deno.env.toObject();
  const child = new Deno.Command("python3", {
    args: [SCRIPT, String(columns), String(rows), ...command],
    cwd,
    clearEnv: true,
    env: { ...inherited, TERM: "xterm-256color", ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const orders = child.stdin.getWriter();
  const order = (what: unknown) =>
    orders.write(new TextEncoder().encode(JSON.stringify(what) + "\n"));
  let output = "";
  const decoder = new TextDecoder();
  const shown = (async () => {
    for await (const bytes of child.stdout) {
      output += decoder.decode(bytes, { stream: true });
      await emulator.write(bytes);
      each?.(emulator.screen());
    }
  })();
  const said = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  const ended = shown.then(async () => (await child.status).code);
  return {
    ...emulator,
    output: () => output,
    type: (keys) => order({ type: keys }),
    resize: async (columns, rows) => {
      await order({ columns, rows });
      const { value } = await said.read();
      if (value !== "stopped\n") throw new Error(`The terminal says: ${value}`);
      // What it passed on before is on its way to the screen.
      await new Promise((resolve) => setTimeout(resolve, 100));
      emulator.resize(columns, rows);
      await order({ go: true });
    },
    until: async (isSo, what) => {
      const began = performance.now();
      while (!isSo(emulator.screen())) {
        if (performance.now() - began > PATIENCE_MILLISECONDS) {
          throw new Error(
            `${what} did not come:\n${emulator.screen().join("\n")}`,
          );
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    ended,
    [Symbol.asyncDispose]: async () => {
      // The end of its orders ends nothing: the command on the terminal is ended with it.
      try {
        child.kill("SIGKILL");
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
      }
      await ended;
      await said.cancel();
      await orders.close().catch(() => {});
    },
  };
}
