/** Highlights parts of the typed text by a copy of it behind the field, which also sets the height of the field; both scroll together. */
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
    const [most] = [...mirror.querySelectorAll("mark")].sort((a, b) =>
      Number(b.dataset.share) - Number(a.dataset.share)
    );
    if (most !== undefined) bringIntoSight(most, mirror.parentElement);
  };
  field.addEventListener("input", () => mark([]));
  mark([]);
  return { mark };
}

/** Scrolls what is around a part, and not the page. */
function bringIntoSight(part: Element, around: Element | null): void {
  if (around === null) return;
  const { top, bottom } = part.getBoundingClientRect();
  const frame = around.getBoundingClientRect();
  const above = frame.top - top, below = bottom - frame.bottom;
  if (above > 0) around.scrollTop -= above;
  else if (below > 0) around.scrollTop += below;
}
