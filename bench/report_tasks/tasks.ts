/** What a researcher asks of a page about a run, and how a tool answers. */
import type { Effort } from "./keystrokes.ts";
import type { Reader } from "./reader.ts";

export const TASKS = [
  "Which system is best, and is that sure?",
  "Is int8 as good as fp32?",
  "What changed since the earlier run?",
  "Where did training go wrong?",
  "What did it get wrong, and how?",
  "Which layer learnt what?",
  "What would it cost again?",
  "Where did the time go?",
  "Which data was used?",
  "Can I cite and verify it?",
] as const;
export type Task = typeof TASKS[number];

/** A tool cannot answer, or answers without what `lacks` says. */
export type Answer<Hands> =
  | { readonly no: string }
  | {
    readonly lacks?: string;
    /** Ends when the answer is on the screen. @throws an error if it does not come */
    readonly find: (hands: Hands) => Promise<void>;
  };
export type Answers<Hands = Reader> = Readonly<Record<Task, Answer<Hands>>>;

/** What was measured of a task in a tool. */
export interface Attempt {
  readonly no?: string;
  readonly lacks?: string;
  readonly clicks?: number;
  readonly keys?: number;
  readonly turns?: number;
  readonly hovers?: number;
  /** From the moment the page is asked for until the answer is seen, without the person; median. */
  readonly machineSeconds?: number;
  /** Of each time that it was measured. */
  readonly all?: readonly number[];
  /** By the Keystroke-Level Model. */
  readonly personSeconds?: number;
}

export function attempted(
  answer: { readonly lacks?: string },
  { clicks, keys, turns, hovers, seconds }: Effort,
  all: readonly number[],
): Attempt {
  const sorted = all.toSorted((a, b) => a - b);
  return {
    lacks: answer.lacks,
    ...{ clicks, keys, turns, hovers, all },
    machineSeconds: sorted[sorted.length >> 1],
    personSeconds: seconds,
  };
}
