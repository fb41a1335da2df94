/** The answer that a run with nothing to do keeps for the next process. */
import { answerPath, recall } from "../../../../engine/keys/no_op_cache.ts";
import {
  lookAtSources,
  type Looks,
} from "../../../../engine/keys/no_op_record.ts";
import { statOf } from "../model/site.ts";

const ARGS = ["the property test"];
const TEXT = "nothing to do";

/** Keeps the answer of a run as of a process that began then; false where a file is too young for that. */
export async function keepAnswer(
  artifacts: string,
  root: string,
  looks: Looks,
  began: number,
): Promise<boolean> {
  lookAtSources(looks, root, artifacts);
  const before = statOf(answerPath(artifacts))?.ino;
  Object.defineProperty(performance, "timeOrigin", {
    value: began,
    configurable: true,
  });
  // Other sequences go on while it is written, and have another origin.
  const kept = looks.remember(artifacts, { args: ARGS, text: TEXT });
  Reflect.deleteProperty(performance, "timeOrigin");
  await kept;
  return statOf(answerPath(artifacts))?.ino !== before;
}

/** Whether a process that starts now would answer without a run; what it would say is what was kept. */
export async function answers(artifacts: string): Promise<boolean> {
  const text = await recall(artifacts, ARGS);
  if (text !== undefined && text !== TEXT) {
    throw new Error(`The answer that was kept is now ${JSON.stringify(text)}.`);
  }
  return text !== undefined;
}
