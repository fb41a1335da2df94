/** Where commands write: standard output, standard error, and the terminal behind them. */
import { writeAll } from "../../base/write_all.ts";
import { type Size, wrapped } from "./screen.ts";
import {
  canRedraw,
  type Paint,
  painted,
  unpainted,
  wantsColour,
} from "./style.ts";
import { sentence, terminalText } from "./terminal_text.ts";

export interface Console {
  out(text: string): void;
  err(text: string): void;
  /** A message with its commands as the user types them; `err` writes every message so. */
  typed(message: string): string;
  /** Writes control sequences to the terminal behind `out` or `err`. */
  draw(stream: "out" | "err", frame: string): void;
  /** The size of the terminal behind `out` or `err`; undefined if lines cannot be redrawn there. */
  size(stream: "out" | "err"): Size | undefined;
  /** Calls the listener when the size may have changed, until the returned function is called. */
  onResize(listener: () => void): () => void;
  /** Colours for `out` or `err`, if they are wanted there. */
  paint(stream: "out" | "err"): Paint;
  now(): number;
  /** The user's answer; null if there is no terminal to ask on. */
  ask(question: string): string | null;
}

/** A text as `out` shows it: wrapped between words to the width of a terminal, whole elsewhere. */
export function fitted(
  console: Pick<Console, "size">,
  text: string,
  indent?: number,
): string {
  const columns = console.size("out")?.columns;
  return columns === undefined ? text : wrapped(text, columns - 1, indent);
}

const streams = { out: Deno.stdout, err: Deno.stderr };
const { CI, FORCE_COLOR, NO_COLOR, TERM } = Deno.env.toObject();

/** The console of this process. */
export const processConsole: Console = {
  // A pipe gets every byte: a log is piped unchanged.
  out: (text) =>
    writeAll(Deno.stdout, Deno.stdout.isTerminal() ? terminalText(text) : text),
  err: (text) => writeAll(Deno.stderr, terminalText(text)),
  typed: (message) => message,
  draw: (stream, frame) => writeAll(streams[stream], frame),
  size: (stream) => {
    if (!streams[stream].isTerminal() || !canRedraw({ CI, TERM })) {
      return undefined;
    }
    // A terminal that does not know its size says 0.
    const { columns, rows } = Deno.consoleSize();
    return { columns: columns || 80, rows: rows || 24 };
  },
  onResize: (listener) => {
    if (Deno.build.os === "windows") return () => {};
    Deno.addSignalListener("SIGWINCH", listener);
    return () => Deno.removeSignalListener("SIGWINCH", listener);
  },
  paint: (stream) => {
    const isTerminal = streams[stream].isTerminal();
    return wantsColour({ FORCE_COLOR, NO_COLOR, TERM }, isTerminal)
      ? painted
      : unpainted;
  },
  now: () => Date.now(),
  ask: (question) =>
    Deno.stdin.isTerminal() && Deno.stdout.isTerminal()
      ? prompt(sentence(question))
      : null,
};

/**
 * The console of an installed command, such as `ckd`. Messages are written for those who type tasks of deno.json: there,
 * `deno task pipeline run` is `ckd run`, and another of the `tasks`, such as `deno task web`, is `ckd web`. What `out` is
 * given may be data and stays as it is.
 */
export function consoleOf(
  command: string,
  tasks: Iterable<string>,
  console: Console,
): Console {
  const named = new RegExp(
    `\\bdeno task (?:pipeline|(${[...tasks].join("|")}))(?![\\w-])`,
    "g",
  );
  const typed = (message: string) =>
    message.replace(
      named,
      (_, task?: string) => task === undefined ? command : `${command} ${task}`,
    );
  return { ...console, typed, err: (text) => console.err(typed(text)) };
}
