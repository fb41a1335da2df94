/** Records a session: commands in a terminal, one after the other, what each writes, when, and what it exits with. */
import { openSession } from "../../tests/cli/console/pty.ts";

/** A sentence of our own, in the language of the guide's corpus. */
export const SENTENCE = "Não foi possível abrir o arquivo";

/** What the session runs; with the folder of a public model, it translates with that. */
export function sessionOf(model: boolean): readonly string[] {
  return [
    "deno task pipeline --experiment tiny",
    "deno task pipeline --experiment tiny",
    "deno task pipeline results --experiment adapted-pt-en --table sets 2> /dev/null",
    "deno task pipeline explain student:rkd --set students.rkd.alpha=0.5 | head -n 3",
    ...model
      ? [
        "deno task pipeline convert tiny11 --from pt --to en --out x",
        `deno task translate --model x/model.safetensors "${SENTENCE}"`,
      ]
      : [`deno task translate "${SENTENCE}"`],
  ];
}

/** The size of the terminal, in characters. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** What was written at a moment. */
export interface Written {
  /** Since the command began. */
  readonly seconds: number;
  readonly text: string;
}

export interface Recorded {
  readonly command: string;
  readonly code: number;
  readonly seconds: number;
  readonly written: readonly Written[];
}

/** Runs shell commands in a folder, each on a terminal. */
export async function record(
  commands: readonly string[],
  folder: string,
  size: Size,
): Promise<readonly Recorded[]> {
  const recorded: Recorded[] = [];
  for (const command of commands) {
    const began = performance.now();
    const since = () => (performance.now() - began) / 1000;
    const written: Written[] = [];
    let length = 0;
    await using session = openSession(["sh", "-c", command], {
      ...size,
      cwd: folder,
      each: () => {
        const text = session.output().slice(length);
        length += text.length;
        written.push({ seconds: since(), text });
      },
    });
    const code = await session.ended;
    console.log(`$ ${command}\n${session.lines().join("\n")}`);
    recorded.push({ command, code, seconds: since(), written });
  }
  return recorded;
}
