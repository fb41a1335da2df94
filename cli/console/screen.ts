/** Redraws the last lines of a terminal, below the lines that stay. */
import { eastAsianWidth } from "get-east-asian-width";
import { terminalText } from "./terminal_text.ts";

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export interface Terminal {
  write(text: string): void;
  /** Called before every frame, as windows are resized. */
  size(): Size;
}

export interface Screen {
  /**
   * Replaces the lines; each must be narrower than the terminal, and all of them lower. What is printed stays above
   * them.
   */
  draw(lines: readonly string[], printed?: string): void;
  /** Removes the lines and shows the cursor again. */
  close(): void;
}

const HIDE_CURSOR = "\x1b[?25l", SHOW_CURSOR = "\x1b[?25h";

/** Synchronized output: a terminal shows the frame when it is complete; others ignore this. */
const BEGIN_FRAME = "\x1b[?2026h", END_FRAME = "\x1b[?2026l";

const ERASE_TO_END_OF_LINE = "\x1b[K", ERASE_BELOW = "\x1b[J";

/**
 * A frame is one write over the previous one, so that nothing flickers. Lines may have colours; other control
 * sequences are removed.
 */
export function openScreen({ write, size }: Terminal): Screen {
  let lines: readonly string[] = [];
  let columns = 0;
  let isOpen = false;

  /** Moves to the first line; a terminal that became narrower has wrapped each into several. */
  const back = (now: Size) => {
    const height = lines.reduce(
      (sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / now.columns)),
      0,
    );
    // Rows above the window cannot be reached.
    const up = Math.min(height, now.rows - 1);
    return (up > 0 ? `\x1b[${up}A` : "") + "\r";
  };
  return {
    draw: (given, printed) => {
      const now = size();
      const kept = given.map(harmless);
      const isSame = printed === undefined && now.columns === columns &&
        kept.length === lines.length &&
        kept.every((line, i) => line === lines[i]);
      if (isSame) return;
      // A printed line may take several rows, and so may a wrapped one.
      const erases = printed !== undefined || now.columns < columns;
      const text = [
        ...printed?.split("\n").map((line) => `${harmless(line)}\n`) ?? [],
        ...kept.map((line) => `${line}${ERASE_TO_END_OF_LINE}\n`),
      ];
      write(
        (isOpen ? "" : HIDE_CURSOR) + BEGIN_FRAME + back(now) +
          (erases ? ERASE_BELOW : "") + text.join("") + ERASE_BELOW + END_FRAME,
      );
      isOpen = true;
      lines = kept;
      columns = now.columns;
    },
    close: () => {
      if (!isOpen) return;
      write(back(size()) + ERASE_BELOW + SHOW_CURSOR);
      isOpen = false;
      lines = [];
    },
  };
}

/**
 * The columns of a text; colours and combining marks take none. The parts of a joined emoji are counted each, as not
 * every terminal joins them and a line that is too narrow does not wrap.
 */
export function widthOf(text: string): number {
  const plain = text.includes("\x1b") ? text.replace(COLOUR, "") : text;
  if (/^[\x20-\x7e]*$/.test(plain)) return plain.length;
  return [...plain].reduce((width, letter) => {
    const code = letter.codePointAt(0) ?? 0;
    return width + (/[\p{M}\p{C}]/u.test(letter) ? 0 : eastAsianWidth(code));
  }, 0);
}

/** A plain text cut to a number of columns, with an ellipsis where it was cut. */
export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let kept = "";
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (widthOf(kept + segment) > columns - 1) break;
    kept += segment;
  }
  return columns < 1 ? "" : `${kept}…`;
}

/**
 * A text wrapped between words; no line is wider than `columns` unless a word with its indent is. What goes on in a further line stands
 * `indent` columns to the right.
 */
export function wrapped(text: string, columns: number, indent = 0): string {
  return text.split("\n").map((line) => {
    const [first, ...words] = line.split(/(?<=[^ ])(?= )/);
    const lines = [first];
    for (const word of words) {
      const longer = lines[lines.length - 1] + word;
      const further = " ".repeat(indent) + word.trimStart();
      const isKept = widthOf(longer) <= columns || widthOf(further) > columns;
      if (isKept) lines[lines.length - 1] = longer;
      else lines.push(further);
    }
    return lines.join("\n");
  }).join("\n");
}

// deno-lint-ignore no-control-regex -- colours are control characters
const COLOUR = /\x1b\[[\d;]*m/g;

/** A line without control sequences that would move the cursor. */
function harmless(line: string): string {
  return terminalText(line.replaceAll("\t", "  ").replaceAll("\n", ""));
}
