/** Shows test sentences: the worst, the best or a random sample of those that a reader asks for. */
/// <reference lib="dom" />
import * as Diff from "diff";
import type { TestSentences } from "../view_data.ts";
import { remarkOf } from "./remark.ts";
import { type Draw, element } from "./view.ts";

/** Sentences that are shown at once, and added by a click. */
const PAGE = 5;

interface Translated {
  readonly line: number;
  readonly source: string;
  readonly reference: string;
  readonly output: string;
  readonly chrf: number;
  readonly remark: string;
  readonly teacher?: { readonly text: string; readonly chrf: number };
}

export function openSentences(data: TestSentences): Draw {
  const bySystem = new Map(
    data.systems.map(({ system }) => [system, translatedBy(data, system)]),
  );
  let shown = PAGE;
  let seed = 1;
  let asked = "";
  return ({ choices, form, redraw }) => {
    const { system, order, remark } = choices;
    const found = ordered(
      (bySystem.get(system) ?? []).filter((one) =>
        isAsked(one, choices) && (remark === "" || one.remark === remark)
      ),
      order,
      seed,
    );
    // Another question begins at its first sentences.
    const now = JSON.stringify(choices);
    if (now !== asked) [shown, asked] = [PAGE, now];
    const another = form?.querySelector<HTMLButtonElement>("[data-another]");
    if (another) {
      another.hidden = order !== "random";
      another.onclick = () => {
        seed++;
        redraw();
      };
    }
    const more = element("button", { type: "button" }, `Show ${PAGE} more`);
    more.onclick = () => {
      shown += PAGE;
      redraw();
    };
    return element(
      "div",
      {},
      element(
        "p",
        { class: "aside", role: "status" },
        `${found.length.toLocaleString("en")} of ${
          data.sentences.length.toLocaleString("en")
        } sentences`,
      ),
      element(
        "ol",
        { class: "sentences" },
        ...found.slice(0, shown).map((one) => item(system, one)),
      ),
      ...found.length > shown ? [more] : [],
    );
  };
}

function translatedBy(
  { sentences, systems }: TestSentences,
  name: string,
): Translated[] {
  const own = systems.find(({ system }) => system === name);
  const teacher = name === "teacher"
    ? undefined
    : systems.find(({ system }) => system === "teacher");
  if (own === undefined) return [];
  return sentences.map((sentence, i) => ({
    ...sentence,
    output: own.outputs[i],
    chrf: own.chrf[i],
    remark: remarkOf({ ...sentence, output: own.outputs[i] }, own.chrf[i]),
    teacher: teacher &&
      { text: teacher.outputs[i], chrf: teacher.chrf[i] },
  }));
}

function isAsked(
  { source, reference, output }: Translated,
  { search, shortest, longest }: Readonly<Record<string, string>>,
): boolean {
  const words = source.trim().split(/\s+/).length;
  const wanted = search.trim().toLowerCase();
  return words >= Number(shortest || 0) &&
    words <= Number(longest || Infinity) &&
    [source, reference, output].some((text) =>
      text.toLowerCase().includes(wanted)
    );
}

/** By chrF, of equals the longer reference first; or in an order of chance, which the seed repeats. */
function ordered(
  all: readonly Translated[],
  order: string,
  seed: number,
): readonly Translated[] {
  if (order === "random") {
    return all.toSorted((a, b) => chance(a.line, seed) - chance(b.line, seed));
  }
  const sign = order === "best" ? -1 : 1;
  return all.toSorted((a, b) =>
    sign * (a.chrf - b.chrf) || b.reference.length - a.reference.length
  );
}

/** A number that looks random, the same for the same line and seed. */
function chance(line: number, seed: number): number {
  const mixed = Math.imul(line ^ Math.imul(seed, 0x9e3779b1), 0x85ebca6b);
  return Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35) >>> 0;
}

function item(system: string, one: Translated): HTMLElement {
  const { line, source, reference, output, chrf, teacher, remark } = one;
  return element(
    "li",
    {},
    element(
      "p",
      { class: "source" },
      element("span", { class: "aside" }, `line ${line}`),
      ` ${source}`,
    ),
    element(
      "dl",
      {},
      pair("reference", "", reference),
      pair(
        system,
        `chrF ${chrf.toFixed(0)}${remark === "" ? "" : `, ${remark}`}`,
        ...marked(reference, output),
      ),
      ...teacher === undefined
        ? []
        : [pair("teacher", `chrF ${teacher.chrf.toFixed(0)}`, teacher.text)],
    ),
  );
}

function pair(
  term: string,
  note: string,
  ...text: readonly (Node | string)[]
): HTMLElement {
  return element(
    "div",
    {},
    element("dt", {}, `${term} `, element("span", { class: "aside" }, note)),
    element("dd", {}, ...text),
  );
}

/** The output: what the reference has otherwise is marked, and so is each place where it has something more. */
function marked(reference: string, output: string): (Node | string)[] {
  const changes = Diff.diffWordsWithSpace(reference, output);
  return changes.flatMap(({ value, added, removed }, i): (Node | string)[] => {
    if (value.trim() === "") return removed ? [] : [value];
    if (added) return [element("mark", {}, value)];
    if (!removed) return [value];
    // What stands in its place is marked already.
    if (changes[i + 1]?.added === true) return [];
    const text = `lacks: ${value.trim()}`;
    return [
      element(
        "mark",
        { class: "gap", title: text },
        "[…]",
        element("span", { class: "unseen" }, text),
      ),
    ];
  });
}
