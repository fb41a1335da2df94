/** Colours by meaning, from the terminal's own palette, and whether a stream has them. */
import { styleText } from "node:util";

const FORMATS = {
  /** Made, or in order. */
  good: "green",
  /** Already there. */
  kept: "cyan",
  /** Will run. */
  due: "yellow",
  bad: "red",
  strong: "bold",
  faint: "dim",
} as const;

export type Tone = keyof typeof FORMATS;

/** Colours a text, or returns it unchanged. */
export type Paint = (tone: Tone, text: string) => string;

export const unpainted: Paint = (_, text) => text;

export const painted: Paint = (tone, text) =>
  styleText(FORMATS[tone], text, { validateStream: false });

const STATES: Readonly<Record<string, Tone>> = {
  ran: "good",
  cached: "kept",
  stale: "due",
  new: "due",
  running: "good",
  failed: "bad",
  skipped: "faint",
};

/** The tone of a node's state; the state is always printed as a word too. */
export function toneOf(state: string): Tone {
  return STATES[state] ?? "strong";
}

/** An error with its first word in red. */
export function paintError(paint: Paint, message: string): string {
  return message.replace(/^\S+/, (word) => paint("bad", word));
}

type Environment = Readonly<Record<string, string | undefined>>;

/** As no-color.org and force-color.org specify; as in Node, FORCE_COLOR wins over NO_COLOR. */
export function wantsColour(env: Environment, isTerminal: boolean): boolean {
  const forced = env.FORCE_COLOR ?? "";
  if (forced !== "") return !/^(0|false)$/i.test(forced);
  if ((env.NO_COLOR ?? "") !== "") return false;
  return isTerminal && env.TERM !== "dumb";
}

/** Whether lines of a terminal can be redrawn, and are not only recorded by a CI. */
export function canRedraw(env: Environment): boolean {
  return env.TERM !== "dumb" && /^(|0|false)$/i.test(env.CI ?? "");
}
