/** Draws the worst and best translations of each system. */
import { type Markup, markup } from "../html/markup.ts";
import { figure } from "../html/numbers.ts";
import type { Extremes, Piece, Translated } from "./sentences.ts";

interface Place {
  /** The system that is shown before anything is chosen. */
  readonly first: string | undefined;
  readonly id: string;
  /** One below what it stands under. */
  readonly heading: "h3" | "h4";
}

/** A choice of system over its sentences. */
export function translatedSentences(
  systems: readonly Extremes[],
  { first, id, heading }: Place,
): Markup | undefined {
  if (systems.length === 0) return undefined;
  const title = (text: string) => markup`<${heading}>${text}</${heading}>`;
  const shown = systems.some(({ system }) => system === first)
    ? first
    : systems[0].system;
  return markup`<div class="choices"><label>System <select id="${id}" data-choice="system">${
    systems.map(({ system }) =>
      markup`<option value="${system}"${
        system === shown ? markup` selected` : undefined
      }>${system}</option>`
    )
  }</select></label></div>
<div data-selects="${id}">${
    systems.map(({ system, worst, best }) =>
      markup`<div data-system="${system}"${
        system === shown ? undefined : markup` hidden`
      }>${sentences(title("Worst"), system, worst)}${
        sentences(title("Best"), system, best)
      }</div>`
    )
  }</div>`;
}

function sentences(
  title: Markup,
  system: string,
  translated: readonly Translated[],
): Markup | undefined {
  return translated.length === 0 ? undefined : markup`${title}
<ol class="sentences">${
    translated.map((one) => markup`<li>${sentence(system, one)}</li>`)
  }</ol>`;
}

function sentence(
  system: string,
  { line, source, reference, hypothesis, chrf, teacher }: Translated,
): Markup {
  return markup`<p class="source"><span class="aside">${line}</span> ${source}</p>
<dl><div><dt>reference</dt><dd>${
    reference.map((piece) => marked(piece, "del"))
  }</dd></div><div><dt>${system} <span class="aside">chrF ${
    figure(chrf, 0)
  }</span></dt><dd>${
    hypothesis.map((piece) => marked(piece, "ins"))
  }</dd></div>${
    teacher === undefined
      ? undefined
      : markup`<div><dt>teacher <span class="aside">chrF ${
        figure(teacher.chrf, 0)
      }</span></dt><dd>${teacher.text}</dd></div>`
  }</dl>`;
}

/** What the translation lacks is marked in the reference, and what it adds in the translation. */
function marked({ text, isOwn }: Piece, element: "del" | "ins"): Markup {
  if (!isOwn || text.trim() === "") return markup`${text}`;
  return element === "del"
    ? markup`<del>${text}</del>`
    : markup`<ins>${text}</ins>`;
}
