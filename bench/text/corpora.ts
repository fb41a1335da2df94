/** The folder of real text that benches measure on. */
import { join, resolve } from "@std/path";
import { ROOT } from "../../engine/keys/project.ts";

/** The folder CKD_BENCH_CORPUS, by default one beside the clone. */
export function corpora(): string {
  const given = Deno.env.get("CKD_BENCH_CORPUS");
  return resolve(given ?? join(ROOT, "..", "shared", "corpora"));
}
