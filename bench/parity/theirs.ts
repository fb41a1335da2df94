/** Runs the same training in PyTorch. */
import { join } from "@std/path";
import { z } from "zod";
import { inputError } from "../../base/input_error.ts";
import type { Peers } from "../../apps/doctor/peers.ts";

const losses = z.array(z.number());

const Losses = z.object({
  teacher: losses,
  /** With the teacher inside of the step, as the authors' code has it. */
  student: losses,
  /** With the teacher's layers rounded to float16, which is how the product records them. */
  studentOfRounded: losses,
});

/** The loss of each step in PyTorch, in float32 and in float64. */
export const TheirCurves = z.object({
  version: z.string(),
  single: Losses,
  double: Losses,
});
export type TheirCurves = z.infer<typeof TheirCurves>;

/** What is missing of PyTorch and how to get it, in a sentence; nothing where all is there. */
export function missingTorch(
  { python, has }: Pick<Peers, "python" | "has">,
): string | undefined {
  const missing = ["torch", "safetensors"].filter((name) => !has(name));
  return missing.length === 0
    ? undefined
    : `"${python}" has no ${
      missing.join(" and no ")
    }; run bench/setup, or name a Python that has it by CKD_BENCH_PYTHON`;
}

/** Trains on what `ourCurves` left in the folder. */
export async function theirCurves(
  peers: Peers,
  folder: string,
  threads: number,
): Promise<TheirCurves> {
  const missing = missingTorch(peers);
  if (missing !== undefined) {
    throw inputError(`Cannot compare with PyTorch: ${missing}.`);
  }
  const script = join(
    import.meta.dirname ?? ".",
    "..",
    "reference",
    "parity.py",
  );
  const output = await runScript(peers.python, [
    script,
    "curves",
    `--folder=${folder}`,
    `--threads=${threads}`,
  ]);
  return TheirCurves.parse(JSON.parse(output));
}

/** Runs a script; what it prints. */
export async function runScript(
  python: string,
  args: readonly string[],
): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(python, {
    args: [...args],
    // Python would leave its compiled modules in the repository.
    env: { PYTHONDONTWRITEBYTECODE: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  if (success) return text(stdout);
  throw new Error(`"${python} ${args.join(" ")}" failed: ${text(stderr)}`);
}
