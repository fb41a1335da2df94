/** Every committed figure that has statistics is recomputed from them, and all are as they are printed. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import {
  committedFolder,
  committedNames,
} from "../../../../apps/results/committed.ts";
import { packedIn } from "../../../../apps/results/packed.ts";
import { pipeline, ROOT } from "../../../fixtures/command.ts";

const ARTIFACTS = join(ROOT, "artifacts");

Deno.test("recomputed tables are those that are committed", async () => {
  const printed = await pipeline("results", "--all");
  assertEquals(printed.code, 0, printed.err);
  const recomputed = await pipeline("results", "--all", "--recompute");
  assertEquals(recomputed.code, 0, recomputed.err);
  assertEquals(recomputed.out, printed.out);
  for (const name of committedNames(ARTIFACTS)) {
    const hasStatistics = packedIn(committedFolder(ARTIFACTS, name)).length > 0;
    const said = hasStatistics ? "figures of \\d+ nodes" : "as recorded";
    const line = new RegExp(`results/${name}[: ].*${said}`);
    assert(line.test(recomputed.err), name);
  }
});
