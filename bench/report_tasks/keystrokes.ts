/**
 * How long a practised person takes for what a task asks of the hands and eyes: the Keystroke-Level Model (Card, Moran and
 * Newell 1980), in seconds.
 */
export const OPERATORS = {
  /** A key, or a turn of the wheel by most of a screen. */
  key: 0.28,
  /** Pointing at a target. */
  point: 1.1,
  /** Pressing or releasing a button of the mouse. */
  button: 0.1,
  /** Moving a hand between mouse and keyboard. */
  home: 0.4,
  /** Deciding what to do next, or perceiving what is there. */
  mental: 1.35,
} as const;

/** What a person did for a task. */
export interface Effort {
  /** Pressed links, buttons, fields and options. */
  clicks: number;
  /** Targets that are pointed at without a click. */
  hovers: number;
  /** Pressed keys. */
  keys: number;
  /** Turns of the wheel, each looked through. */
  turns: number;
  /** By the model, with the perception of the answer. */
  seconds: number;
}

/** Adds up an effort. */
export interface Tally {
  click(): void;
  hover(): void;
  /** One command of so many keys. */
  keys(count: number): void;
  turn(): void;
  effort(): Effort;
}

export function tally(hand: "mouse" | "keyboard" = "mouse"): Tally {
  const { key, point, button, home, mental } = OPERATORS;
  const done = { clicks: 0, hovers: 0, keys: 0, turns: 0, seconds: mental };
  let at = hand;
  const moveTo = (hand: typeof at) => {
    if (at !== hand) done.seconds += home;
    at = hand;
  };
  return {
    click: () => {
      moveTo("mouse");
      done.clicks++;
      done.seconds += mental + point + 2 * button;
    },
    hover: () => {
      moveTo("mouse");
      done.hovers++;
      done.seconds += mental + point;
    },
    keys: (count) => {
      moveTo("keyboard");
      done.keys += count;
      done.seconds += mental + count * key;
    },
    turn: () => {
      moveTo("mouse");
      done.turns++;
      done.seconds += mental + key;
    },
    effort: () => ({ ...done, seconds: Number(done.seconds.toFixed(2)) }),
  };
}
