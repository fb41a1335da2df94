/** Runs the bench as a process. */
import { fromFileUrl, join } from "@std/path";

export const BENCH = fromFileUrl(new URL("../../bench/", import.meta.url));

export async function bench(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", join(BENCH, "bench.ts"), ...args],
    env: { NO_COLOR: "1", ...env },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  return { code, out: text(stdout), err: text(stderr) };
}
