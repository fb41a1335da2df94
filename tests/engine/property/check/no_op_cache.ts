/** The no-op cache of a run, kept and read as by separate processes. */
import {
  noOpCachePath,
  readCachedOutput,
} from "../../../../engine/keys/no_op_cache.ts";
import {
  type NoOpRecord,
  statSources,
} from "../../../../engine/keys/no_op_record.ts";
import { statOf } from "../model/site.ts";

const ARGS = ["the property test"];
const TEXT = "nothing to do";

/** Keeps the answer of a run as of a process that began then; false where a file is too young for that. */
export async function keepOutput(
  artifacts: string,
  root: string,
  noOpRecord: NoOpRecord,
  began: number,
): Promise<boolean> {
  statSources(noOpRecord, root, artifacts);
  const before = statOf(noOpCachePath(artifacts))?.ino;
  Object.defineProperty(performance, "timeOrigin", {
    value: began,
    configurable: true,
  });
  // Other sequences go on while it is written, and have another origin.
  const kept = noOpRecord.remember(artifacts, { args: ARGS, text: TEXT });
  Reflect.deleteProperty(performance, "timeOrigin");
  await kept;
  return statOf(noOpCachePath(artifacts))?.ino !== before;
}

/** Whether a process that starts now would answer without a run; what it would say is what was kept. */
export async function isReplayed(artifacts: string): Promise<boolean> {
  const text = await readCachedOutput(artifacts, ARGS);
  if (text !== undefined && text !== TEXT) {
    throw new Error(`The answer that was kept is now ${JSON.stringify(text)}.`);
  }
  return text !== undefined;
}
