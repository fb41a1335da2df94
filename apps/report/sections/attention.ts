/** Attention maps of teacher and students on validation sentences. */
import type {
  Examination,
  ExaminedModel,
  ShownSentence,
} from "../examination.ts";
import type { AttentionMap } from "../inside.ts";
import { type Markup, markup } from "../html/markup.ts";

/** Shares are told apart in this many steps; a share below half a step is not drawn. */
const STEPS = 20;
const LARGE = 18, SMALL = 6;
/** Pixels a character of a subword takes at most. */
const CHARACTER = 6.4;

/**
 * A choice of sentence and of student, `first` before anything is chosen; teacher and student stand side by side. Undefined
 * where there is nothing to show.
 */
export function attentionMaps(
  { sentences, models }: Examination,
  first: string | undefined,
  id: string,
): Markup | undefined {
  if (sentences.length === 0 || models.length === 0) return undefined;
  const selects = `${id}-sentence ${id}-system`;
  const teacher = models.find(({ system }) => system === "teacher");
  const students = models.filter((model) => model !== teacher);
  const shown = students.find(({ system }) => system === first) ?? students[0];
  return markup`<div class="choices">
<label>Sentence <select id="${id}-sentence" data-choice="sentence">${
    sentences.map(({ target }, index) =>
      markup`<option value="${index}">${index + 1}: ${
        target.slice(0, -1).join(" ").replaceAll(" -", "")
      }</option>`
    )
  }</select></label>
${
    students.length === 0
      ? undefined
      : markup`<label>Student <select id="${id}-system" data-choice="system">${
        students.map(({ system }) =>
          markup`<option value="${system}"${
            system === shown.system ? markup` selected` : undefined
          }>${system}</option>`
        )
      }</select></label>`
  }</div>
<div class="pair" data-selects="${selects}">${
    [teacher, ...students].map((model) =>
      model === undefined ? undefined : sentences.map((sentence, index) => {
        const isShown = index === 0 && (model === teacher || model === shown);
        const chosen = model === teacher ? "" : model.system;
        return markup`<figure data-sentence="${index}" data-system="${chosen}"${
          isShown ? undefined : markup` hidden`
        }>${modelMaps(model, sentence, index)}</figure>`;
      })
    )
  }</div>`;
}

function modelMaps(
  { system, attention }: ExaminedModel,
  sentence: ShownSentence,
  index: number,
): Markup {
  const layers = attention[index] ?? [];
  const last = layers.at(-1);
  return markup`<figcaption>${system}, layer ${layers.length} of ${layers.length}</figcaption>${
    last === undefined ? undefined : labelledMap(system, last, sentence)
  }<div class="strip">${
    layers.map((map, layer) =>
      markup`<span>${smallMap(system, map, layer + 1)}<span class="aside">${
        layer + 1
      }</span></span>`
    )
  }</div>`;
}

function labelledMap(
  system: string,
  map: AttentionMap,
  { source, target }: ShownSentence,
): Markup {
  const longest = (pieces: readonly string[]) =>
    8 + CHARACTER * Math.max(...pieces.map((piece) => [...piece].length));
  const left = longest(target), top = longest(source);
  const width = left + LARGE * map.keys + 2;
  const height = top + LARGE * map.queries + 2;
  return markup`<svg class="attention" width="${width.toFixed(0)}" height="${
    height.toFixed(0)
  }" viewBox="0 0 ${width.toFixed(0)} ${
    height.toFixed(0)
  }" role="img" aria-label="${
    labelOf(system, map, source, target)
  }"><g transform="translate(${left.toFixed(0)} ${top.toFixed(0)})">${
    source.map((piece, i) =>
      markup`<text transform="translate(${
        i * LARGE + LARGE / 2 + 4
      } -5) rotate(-90)">${piece}</text>`
    )
  }${
    target.map((piece, i) =>
      markup`<text x="-5" y="${
        i * LARGE + LARGE / 2 + 4
      }" class="end">${piece}</text>`
    )
  }${squares(map, LARGE)}</g></svg>`;
}

function smallMap(system: string, map: AttentionMap, layer: number): Markup {
  const [width, height] = [map.keys, map.queries].map((n) => n * SMALL + 2);
  return markup`<svg class="attention" width="${width}" height="${height}" viewBox="-1 -1 ${width} ${height}" role="img" aria-label="${system}, layer ${layer}">${
    squares(map, SMALL)
  }</svg>`;
}

/** The frame, and for each step of opacity one path with a stroke for each run of squares of about that share. */
function squares(
  { queries, keys, shares }: AttentionMap,
  size: number,
): Markup {
  const paths: string[] = Array.from({ length: STEPS + 1 }, () => "");
  for (let query = 0; query < queries; query++) {
    const steps = Array.from(
      shares.subarray(query * keys, (query + 1) * keys),
      (share) => Math.min(STEPS, Math.round(share * STEPS)),
    );
    for (let key = 0, end = 0; key < keys; key = end) {
      while (end < keys && steps[end] === steps[key]) end++;
      paths[steps[key]] += `M${key} ${query}h${end - key}`;
    }
  }
  return markup`<rect class="frame" width="${keys * size}" height="${
    queries * size
  }"/><g transform="scale(${size}) translate(0 .5)">${
    paths.map((path, step) =>
      path === "" || step === 0
        ? undefined
        : markup`<path d="${path}" stroke-opacity="${step / STEPS}"/>`
    )
  }</g>`;
}

/** Which subword each one looks at most. */
function labelOf(
  system: string,
  { keys, shares }: AttentionMap,
  source: readonly string[],
  target: readonly string[],
): string {
  const most = target.map((piece, query) => {
    const row = shares.subarray(query * keys, (query + 1) * keys);
    return `${piece}: ${source[row.indexOf(Math.max(...row))]}`;
  });
  return `${system}, what each word looks at most: ${most.join(", ")}.`;
}
