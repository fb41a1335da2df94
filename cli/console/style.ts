/** Colours by what they mean, from the terminal's own palette, and whether a stream is to have them. */
import { styleText } from "node:util";

const FORMATS = {
  /** Made, or the way it should be. */
  good: "green",
  /** There already. */
  kept: "cyan",
  /** Still to be made. */
  due: "yellow",
  bad: "red",
  strong: "bold",
  faint: "dim",
} as const;

export type Tone = keyof typeof FORMATS;

/** Gives a text its tone, or leaves it as it is. */
export type Paint = (tone: Tone, text: string) => string;

export const unpainted: Paint = (_, text) => text;

export const painted: Paint = (tone, text) =>
  styleText(FORMATS[tone], text, { validateStream: false });

const STATES: Readonly<Record<string, Tone>> = {
  ran: "good",
  cached: "kept",
  stale: "due",
  failed: "bad",
  skipped: "faint",
};

/** The tone of a node's state, whose word always stands there too. */
export function toneOf(state: string): Tone {
  return STATES[state] ?? "strong";
}

/** The first word of an error, which is all of it that is red. */
export function paintError(paint: Paint, message: string): string {
  return message.replace(/^\S+/, (word) => paint("bad", word));
}

type Environment = Readonly<Record<string, string | undefined>>;

/** By the conventions of no-color.org and force-color.org; as in Node, FORCE_COLOR wins over NO_COLOR. */
export function wantsColour(env: Environment, isTerminal: boolean): boolean {
  const forced = env.FORCE_COLOR ?? "";
  if (forced !== "") return !/^(0|false)$/i.test(forced);
  if ((env.NO_COLOR ?? "") !== "") return false;
  return isTerminal && env.TERM !== "dumb";
}

/** Whether lines of a terminal can be redrawn, and whether anybody looks at them while they are. */
export function canRedraw(env: Environment): boolean {
  return env.TERM !== "dumb" && /^(|0|false)$/i.test(env.CI ?? "");
}
