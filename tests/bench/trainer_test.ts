/** What bench/reference/trainer.py reads of the log of Marian's trainer. */
import { assertAlmostEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { findPython } from "../fixtures/python.ts";
import { BENCH } from "./bench.ts";

const { python, missing } = findPython("json");

/** As pymarian 1.12.42 writes it. */
const LOG = `[2026-11-29 09:53:42] [data] Creating batches
[2026-11-29 09:53:43] Ep. 1 : Up. 1 : Sen. 223 : Cost 9.40728855 * 2,229 @ 2,229 after 2,229 : Time 0.78s : 2855.19 words/s : gNorm 0.8613
[2026-11-29 09:53:43] Ep. 1 : Up. 2 : Sen. 463 : Cost 9.42879105 * 2,121 @ 2,121 after 4,350 : Time 0.40s : 5276.86 words/s : gNorm 0.8744
[2026-11-29 09:53:44] Ep. 1 : Up. 3 : Sen. 616 : Cost 9.49493980 * 2,274 @ 2,274 after 6,624 : Time 0.45s : 5056.75 words/s : gNorm 0.8225
[2026-11-29 09:53:44] Ep. 1 : Up. 4 : Sen. 1,037 : Cost 9.32188702 * 2,260 @ 2,260 after 8,884 : Time 0.50s : 4557.63 words/s : gNorm 0.9420
[2026-11-29 09:53:45] Training finished`;

async function rate(warmUp: number) {
  const { stdout, stderr } = await new Deno.Command(python, {
    args: [
      "-c",
      "import sys; sys.path.insert(0, sys.argv[1]); from trainer import rate; print(rate(sys.argv[2], int(sys.argv[3])))",
      ...[join(BENCH, "reference"), LOG, String(warmUp)],
    ],
    env: { PYTHONDONTWRITEBYTECODE: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  return { out: text(stdout), err: text(stderr) };
}

Deno.test({
  name:
    `target tokens a second of Marian's trainer are those of its updates after the first${
      missing ?? ""
    }`,
  ignore: missing !== undefined,
  fn: async () => {
    assertAlmostEquals(
      Number((await rate(2)).out),
      (2274 + 2260) / (0.45 + 0.5),
    );
    assertStringIncludes(
      (await rate(4)).err,
      "Expected more than 4 updates in Marian's log, found 4",
    );
  },
});
