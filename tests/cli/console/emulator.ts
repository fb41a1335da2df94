/** A terminal as people have one: what is written to it is read from its screen, as a real emulator shows it. */
import xterm from "@xterm/headless";

export interface Emulator {
  /** Shows what was written so far. */
  write(text: string | Uint8Array): Promise<void>;
  resize(columns: number, rows: number): void;
  /** Rows of the window from its top, without those below the last that has text. */
  screen(): string[];
  /** The same with what was moved out of the window, where a line that was broken is one again. */
  lines(): string[];
  isCursorShown(): boolean;
}

/** `bare` for a stream that no system's terminal driver has given its carriage returns. */
export function createEmulator(
  columns: number,
  rows: number,
  { bare = false } = {},
): Emulator {
  const terminal = new xterm.Terminal({
    cols: columns,
    rows,
    convertEol: bare,
    allowProposedApi: true,
    scrollback: 1000,
  });
  let isShown = true;
  const watchCursor = (final: "h" | "l") =>
    terminal.parser.registerCsiHandler({ prefix: "?", final }, (params) => {
      if (params.includes(25)) isShown = final === "h";
      return false;
    });
  watchCursor("h");
  watchCursor("l");
  const rowsFrom = (first: number) => {
    const buffer = terminal.buffer.active;
    const found: string[] = [];
    for (let y = first; y < buffer.baseY + terminal.rows; y++) {
      found.push(buffer.getLine(y)?.translateToString().trimEnd() ?? "");
    }
    while (found.at(-1) === "") found.pop();
    return found;
  };
  return {
    write: (text) => new Promise((resolve) => terminal.write(text, resolve)),
    resize: (columns, rows) => terminal.resize(columns, rows),
    screen: () => rowsFrom(terminal.buffer.active.baseY),
    lines: () => {
      const buffer = terminal.buffer.active;
      const joined: string[] = [];
      rowsFrom(0).forEach((row, y) => {
        if (buffer.getLine(y)?.isWrapped && joined.length > 0) {
          joined[joined.length - 1] += row;
        } else joined.push(row);
      });
      return joined;
    },
    isCursorShown: () => isShown,
  };
}
