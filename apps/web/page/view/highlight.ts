/** Highlights parts of the typed text by a copy of it behind the field, which also sets the height of the field. */
/// <reference lib="dom" />

export interface Mark {
  readonly start: number;
  readonly end: number;
  /** From 0 to 1. */
  readonly share: number;
}

export interface Highlight {
  /** Marks these parts, in their order; none clears. */
  mark(marks: readonly Mark[]): void;
}

/** The mirror follows what is typed from now on. */
export function createHighlight(
  mirror: HTMLElement,
  field: HTMLTextAreaElement,
): Highlight {
  const mark = (marks: readonly Mark[]) => {
    const text = field.value;
    const pieces: (string | HTMLElement)[] = [];
    let end = 0;
    for (const { start, end: after, share } of marks) {
      pieces.push(text.slice(end, start));
      const piece = document.createElement("mark");
      piece.textContent = text.slice(start, after);
      piece.style.setProperty("--share", share.toFixed(3));
      piece.dataset.share = share.toFixed(3);
      pieces.push(piece);
      end = after;
    }
    // A last line that is empty has a height by a character only.
    mirror.replaceChildren(...pieces, text.slice(end), "\u200b");
  };
  field.addEventListener("input", () => mark([]));
  mark([]);
  return { mark };
}
