/** The tasks in W&B LEET, which shows offline runs in a terminal; W&B's page needs an account or a server of its own. */
import type { Session } from "../../tests/cli/console/pty.ts";
import { type Effort, tally } from "./keystrokes.ts";
import type { Answers } from "./tasks.ts";

const PATIENCE_MILLISECONDS = 300_000;

/** The screen of a terminal, whose keys are counted. */
export interface Terminal {
  press(key: string): Promise<void>;
  see(text: RegExp): Promise<void>;
  effort(): Effort;
}

export function terminalOf(session: Session): Terminal {
  const hands = tally("keyboard");
  return {
    press: async (key) => {
      hands.keys(1);
      await session.type(key);
    },
    see: async (text) => {
      const began = performance.now();
      while (!text.test(session.screen().join("\n"))) {
        if (performance.now() - began > PATIENCE_MILLISECONDS) {
          throw new Error(
            `${text} is not seen:\n${session.screen().join("\n")}`,
          );
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    effort: () => hands.effort(),
  };
}

/** The arrow key that goes to the next run of the list. */
const DOWN = "\x1b[B";

/** `names` are the models in the order of the list. */
export const leetAnswers = (
  names: readonly string[],
): Answers<Terminal> => {
  /** A score is read run by run. */
  const each = async (terminal: Terminal, shown: RegExp) => {
    for (const [i, name] of names.entries()) {
      if (i > 0) {
        await terminal.press(DOWN);
        // Its score is read when it is chosen.
        await terminal.press(" ");
      }
      await terminal.see(new RegExp(`Name: ${name.replace(".", "\\.")}\\b`));
      await terminal.see(shown);
    }
  };
  return {
    "Which system is best, and is that sure?": {
      lacks: "a run at a time, no test of a difference",
      find: (terminal) => each(terminal, /test\/bleu +[\d.]+/),
    },
    "Is int8 as good as fp32?": {
      lacks: "a run at a time",
      find: (terminal) => each(terminal, /test\/bleu_int8 +[\d.]+/),
    },
    "What changed since the earlier run?": { no: "no comparison" },
    "Where did training go wrong?": {
      lacks: "curves without a remark",
      find: async (terminal) => {
        await terminal.see(/training\/loss[^]*validation\/nll|validation\/nll/);
      },
    },
    "What did it get wrong, and how?": { no: "no sentences" },
    "Which layer learnt what?": { no: "no similarity of layers" },
    "What would it cost again?": {
      lacks: "a run at a time, no sum, no estimate",
      find: (terminal) => each(terminal, /_runtime +[\d.]+/),
    },
    "Where did the time go?": {
      lacks: "a run at a time, of models alone",
      find: (terminal) => each(terminal, /_runtime +[\d.]+/),
    },
    "Which data was used?": { no: "no data" },
    "Can I cite and verify it?": { no: "no citation, no hashes" },
  };
};
