/** Counts the starts of a job that has to end and is queued again, so that one that gets no further is not for ever. */
import { join } from "@std/path";
import { z } from "zod";
import { readStateJson, writeState } from "../../engine/files/state_file.ts";

/** In the folder of the node, and removed with it. */
const Starts = z.object({
  job: z.string(),
  /** By unit of progress: the furthest point at which a start has begun. */
  furthest: z.record(z.string(), z.number()),
  /** Starts in a row that began no further. */
  vain: z.int(),
});

/**
 * Records a start of the job of a key, and returns how many in a row, up to this one, began no further than those before.
 *
 * @param begun by unit, the first progress that the stage has reported: a stage that resumes begins where it was
 */
export function countStart(
  artifacts: string,
  key: string,
  job: string,
  begun: ReadonlyMap<string, number>,
): number {
  const name = join("work", key, "starts.json");
  const { data } = Starts.safeParse(readStateJson(join(artifacts, name)));
  const before = data?.job === job ? data : undefined;
  const furthest = new Map(Object.entries(before?.furthest ?? {}));
  const isFurther = [...begun]
    .some(([unit, done]) => done > (furthest.get(unit) ?? -Infinity));
  for (const [unit, done] of begun) {
    furthest.set(unit, Math.max(done, furthest.get(unit) ?? done));
  }
  const vain = before === undefined || isFurther ? 0 : before.vain + 1;
  const starts: z.infer<typeof Starts> = {
    ...{ job, vain },
    furthest: Object.fromEntries(furthest),
  };
  writeState(artifacts, name, JSON.stringify(starts));
  return vain;
}
