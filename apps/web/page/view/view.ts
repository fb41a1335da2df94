/** A translation on the page, a paragraph a line; its words react to pointer and keys. */
/// <reference lib="dom" />
import type { Translation } from "../model/translation.ts";

/** Which sentence a word belongs to, and which of its words it is. */
export interface Place {
  readonly line: number;
  readonly sentence: number;
  readonly word: number;
}

export interface View {
  /**
   * Shows the translations of the sentences of each line. Where there is none yet, what was there stays while it is busy, so
   * that the text does not jump.
   */
  show(lines: readonly (readonly Shown[])[], isBusy: boolean): void;
}

type Shown = Translation | undefined;

/** `onPoint` is called with the word under the pointer or focus, or undefined. */
export function createView(
  output: HTMLElement,
  onPoint: (place: Place | undefined) => void,
): View {
  const places = new WeakMap<Element, Place>();
  const words = () => [...output.querySelectorAll<HTMLElement>(".word")];
  const lookAt = (word: EventTarget | null) =>
    onPoint(word instanceof Element ? places.get(word) : undefined);
  let drawn: (readonly Shown[])[] = [];

  output.addEventListener("pointerover", ({ target }) => lookAt(target));
  output.addEventListener(
    "pointerleave",
    () => lookAt(output.ownerDocument.activeElement),
  );
  output.addEventListener("focusin", ({ target }) => {
    // The one that the tab key comes back to.
    for (const word of words()) word.tabIndex = word === target ? 0 : -1;
    lookAt(target);
  });
  output.addEventListener("focusout", () => onPoint(undefined));
  output.addEventListener("keydown", (event) => {
    const all = words();
    const at = all.findIndex((word) => word === event.target);
    const moves: Readonly<Record<string, number>> = {
      ...{ ArrowRight: at + 1, ArrowDown: at + 1 },
      ...{ ArrowLeft: at - 1, ArrowUp: at - 1 },
      ...{ Home: 0, End: all.length - 1 },
    };
    if (at < 0 || !Object.hasOwn(moves, event.key)) return;
    event.preventDefault();
    all[Math.max(0, Math.min(moves[event.key], all.length - 1))].focus();
  });

  const spans = (
    { words }: Translation,
    place: Omit<Place, "word">,
  ): (string | HTMLElement)[] =>
    words.flatMap(({ before, text }, word) => {
      const span = document.createElement("span");
      span.className = "word";
      span.textContent = text;
      span.tabIndex = -1;
      places.set(span, { ...place, word });
      return [before, span];
    });
  const drawLine = (line: number, shown: readonly Shown[]) => {
    const paragraph = output.children[line] ??
      output.appendChild(document.createElement("p"));
    paragraph.replaceChildren(
      ...shown.flatMap((translation, sentence) =>
        translation === undefined ? [] : [
          sentence === 0 ? "" : " ",
          ...spans(translation, { line, sentence }),
        ]
      ),
    );
  };
  return {
    show: (lines, isBusy) => {
      output.ariaBusy = String(isBusy);
      lines.forEach((line, at) => {
        const before = drawn[at] ?? [];
        const now = line.map((translation, i) =>
          translation ?? (isBusy ? before[i] : undefined)
        );
        const isDrawn = at in drawn && before.length === now.length &&
          now.every((translation, i) => translation === before[i]);
        // Only what changes is read out.
        if (!isDrawn) drawLine(at, now);
        output.children[at].classList.toggle(
          "pending",
          isBusy && line.includes(undefined),
        );
        drawn[at] = now;
      });
      drawn = drawn.slice(0, lines.length);
      while (output.children.length > lines.length) output.lastChild?.remove();
      const all = words();
      if (all.length > 0 && all.every(({ tabIndex }) => tabIndex < 0)) {
        all[0].tabIndex = 0;
      }
    },
  };
}
