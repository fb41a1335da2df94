/** The answer that a run with nothing to do keeps for the next process. */
import { answerPath, recall } from "../../../engine/idle.ts";
import { lookAtSources, type Looks } from "../../../engine/looks.ts";
import { statOf } from "./site.ts";

const ARGS = ["the property test"];

/** Keeps the answer of a run as of a process that began then; false where a file is too young for that. */
export function keepAnswer(
  artifacts: string,
  root: string,
  looks: Looks,
  began: number,
): boolean {
  lookAtSources(looks, root);
  const before = statOf(answerPath(artifacts))?.ino;
  Object.defineProperty(performance, "timeOrigin", {
    value: began,
    configurable: true,
  });
  try {
    looks.remember(artifacts, { args: ARGS, text: "nothing to do" });
  } finally {
    Reflect.deleteProperty(performance, "timeOrigin");
  }
  return statOf(answerPath(artifacts))?.ino !== before;
}

/** Whether a process that starts now would answer without a run. */
export function answers(artifacts: string): boolean {
  return recall(artifacts, ARGS) !== undefined;
}
