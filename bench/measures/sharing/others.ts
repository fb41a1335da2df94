/** Other processes that keep cores busy, and how much they get done meanwhile. */
import { join } from "@std/path";
import { z } from "zod";

const Counted = z.object({
  slices: z.array(z.object({ rounds: z.number(), ms: z.number() })),
});

export interface Others {
  /** Ends them; rounds a millisecond of all together in the last of their time, this many seconds of it. */
  stop(seconds: number): Promise<number>;
}

/** Starts some busy processes. */
export function startOthers(count: number): Others {
  const script = join(import.meta.dirname ?? ".", "busy.ts");
  const children = Array.from(
    { length: count },
    () =>
      new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", script],
        stdin: "piped",
        stdout: "piped",
      }).spawn(),
  );
  return {
    stop: async (seconds) => {
      await Promise.all(children.map(({ stdin }) => stdin.close()));
      const rates = await Promise.all(children.map(async (child) => {
        const { stdout } = await child.output();
        const text = new TextDecoder().decode(stdout);
        return lastRate(Counted.parse(JSON.parse(text)).slices, seconds);
      }));
      return rates.reduce((sum, rate) => sum + rate, 0);
    },
  };
}

/** Rounds a millisecond in the slices that reach back this many seconds from the end; in all of them if they are shorter. */
export function lastRate(
  slices: readonly { readonly rounds: number; readonly ms: number }[],
  seconds: number,
): number {
  let rounds = 0, ms = 0;
  for (const slice of slices.toReversed()) {
    if (ms >= 1000 * seconds) break;
    rounds += slice.rounds;
    ms += slice.ms;
  }
  return rounds / ms;
}
