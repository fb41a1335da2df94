/** One model's part of the page: translation, warning, attention, alternatives, time and size. */
/// <reference lib="dom" />
import { fileOf, type Site, type SiteModel } from "../site.ts";
import type { Sentence } from "../model/text.ts";
import type { Alternative, Translation } from "../model/translation.ts";
import {
  createTranslations,
  type Translations,
} from "../model/translations.ts";
import { openTranslator, type Translator } from "../model/translator.ts";
import { itemOf } from "./element.ts";
import { saveText } from "./files.ts";
import { copy } from "./tools.ts";
import { createView, type Place } from "./view.ts";

/** The word of a translation under the pointer or focus. */
export interface Pointed {
  readonly sentence: Sentence;
  readonly translation: Translation;
  /** Which of the translation's words. */
  readonly word: number;
}

export interface Pane {
  /**
   * Opens a model of the build at an address, which searches with a beam; what there was of another is dropped. Fulfilled once
   * the model is loaded, or the page says why it is not; never where it is dropped before.
   */
  open(model: SiteModel, beam: number): Promise<void>;
  /** Searches with another beam from now on. */
  search(beam: number): void;
  /** Shows the translations of these lines, as they come. */
  write(lines: readonly (readonly Sentence[])[]): void;
  /** The sentence whose alternatives are shown, if they are asked for. */
  choose(sentence: string | undefined): void;
  /** The translation as far as it is there. */
  text(): string;
  /** Whether that is all of it. */
  isWhole(): boolean;
  close(): void;
}

/** What a model makes. */
interface Work {
  readonly model: SiteModel;
  readonly translator: Translator;
  readonly translations: Translations<Translation>;
  readonly alternatives: Translations<readonly Alternative[]>;
}

/** A narrower beam is widened to so many for the alternatives. */
const ALTERNATIVES = 5;
/** Smaller shares of attention are not listed. */
const LEAST = 0.05;
/** The most source words listed; all are marked. */
const MOST = 3;

/**
 * Fills a section of the page for models of a build at an address. `onPoint` is called with the word under the pointer or
 * focus, or undefined.
 */
export function createPane(
  section: HTMLElement,
  site: Site,
  base: string,
  onPoint: (pointed: Pointed | undefined) => void,
): Pane {
  const heading = section.querySelector("h2");
  heading?.setAttribute("id", section.getAttribute("aria-labelledby") ?? "");
  const part = (name: string) => {
    const found = section.querySelector<HTMLElement>(`.${name}`);
    if (found === null) throw new Error(`The page has no "${name}".`);
    return found;
  };
  const [name, output, status, unfamiliar, looked, facts, problem] = [
    ...["model-name", "translation", "status", "unfamiliar", "looked"],
    ...["facts", "problem"],
  ].map(part);
  const [of, list, details] = [
    ...["alternatives-of", "alternatives-list", "alternatives"],
  ].map(part);
  const buttons = [...section.querySelectorAll("button")];
  const areAsked = () => details.hasAttribute("open");

  let work: Work | undefined;
  let state: "loading" | "loaded" | "failed" = "loading";
  let lines: readonly (readonly Sentence[])[] = [];
  let chosen: string | undefined;

  const known = (sentence: Sentence | undefined) =>
    sentence && work?.translations.get(sentence.text);
  const view = createView(output, (place: Place | undefined) => {
    const sentence = place && lines[place.line]?.[place.sentence];
    const translation = known(sentence);
    if (
      place === undefined || sentence === undefined ||
      translation === undefined
    ) {
      looked.textContent = "";
      return onPoint(undefined);
    }
    looked.textContent = attentionOf(translation, place.word);
    onPoint({ sentence, translation, word: place.word });
  });

  const say = (sentence: string | undefined) => {
    problem.hidden = sentence === undefined;
    problem.textContent = sentence ?? "";
  };
  const show = () => {
    if (work === undefined) return;
    view.show(
      lines.map((line) => line.map(known)),
      work.translations.isBusy,
    );
    status.textContent = state === "loading"
      ? `Loading ${work.model.system} …`
      : "";
    const there = lines.flat().flatMap((sentence) => {
      const translation = known(sentence);
      return translation === undefined ? [] : [{ sentence, translation }];
    });
    const { isBusy } = work.translations;
    for (const button of buttons) button.disabled = isBusy || !there.length;
    const odd = there.filter(({ translation }) => translation.isUnfamiliar);
    const lost = there.flatMap(({ translation }) => translation.lost);
    unfamiliar.hidden = isBusy || odd.length + lost.length === 0;
    unfamiliar.textContent = [
      ...odd.length === 0 ? [] : [
        warningOf(odd.map(({ sentence }) => sentence.text), there.length),
      ],
      ...lost.length === 0 ? [] : [`The translation lacks ${lost.join(", ")}.`],
    ].join(" ");
    facts.textContent = state === "loaded"
      ? factsOf(site, work.model, there.map(({ translation }) => translation))
      : "";
  };
  const showAlternatives = () => {
    if (work === undefined || !areAsked()) return;
    of.textContent = chosen === undefined
      ? "Type a sentence first."
      : `Of “${chosen}”, best first, with their scores:`;
    const found = chosen === undefined
      ? []
      : work.alternatives.get(chosen) ?? [];
    list.replaceChildren(
      ...found.map((alternative) =>
        alternativeItem(alternative, work?.model.languages.target ?? "")
      ),
    );
  };
  const wantAlternatives = () => {
    if (!areAsked()) return;
    work?.alternatives.want(chosen === undefined ? [] : [chosen]);
    showAlternatives();
  };
  details.addEventListener("toggle", wantAlternatives);
  part("copy").addEventListener("click", () =>
    copy(pane.text()).then(
      () => "Copied.",
      ({ message }: Error) => message,
    ).then((sentence) => status.textContent = sentence));
  part("save").addEventListener(
    "click",
    () => saveText(`${pane.text()}\n`, `translation.${output.lang}.txt`),
  );

  const start = (model: SiteModel, translator: Translator, beam: number) => {
    // A model or a beam that is no longer shown reports nothing.
    const isCurrent = () => work === own;
    const fail = ({ message }: Error) => isCurrent() && say(message);
    const own: Work = {
      model,
      translator,
      translations: createTranslations(
        (waiting, most) => translator.translate(waiting, most, beam),
        () => isCurrent() && show(),
        fail,
      ),
      alternatives: createTranslations(
        async ([sentence]) => {
          const result = await translator.alternatives(
            sentence,
            Math.max(beam, ALTERNATIVES),
          );
          return new Map([[sentence, { result }]]);
        },
        () => isCurrent() && showAlternatives(),
        fail,
      ),
    };
    work = own;
    pane.write(lines);
    wantAlternatives();
  };
  const pane: Pane = {
    open: (model, beam) => {
      pane.close();
      name.textContent = model.system;
      output.lang = model.languages.target;
      const translator = openTranslator(site, model, base);
      state = "loading";
      start(model, translator, beam);
      const end = (sentence?: string) => {
        if (work?.translator !== translator) return;
        state = sentence === undefined ? "loaded" : "failed";
        show();
        say(sentence);
      };
      return translator.ready.then(
        () => end(),
        ({ message }: Error) => end(message),
      );
    },
    search: (beam) => {
      if (work !== undefined) start(work.model, work.translator, beam);
    },
    write: (wanted) => {
      lines = wanted;
      if (work === undefined) return;
      say(undefined);
      looked.textContent = "";
      onPoint(undefined);
      work.translations.want(lines.flat().map(({ text }) => text));
      show();
    },
    choose: (sentence) => {
      if (sentence === chosen) return;
      chosen = sentence;
      wantAlternatives();
    },
    isWhole: () => lines.flat().every((each) => known(each) !== undefined),
    text: () => [...output.children].map((line) => line.textContent).join("\n"),
    close: () => {
      work?.translator.close();
      work = undefined;
      view.show([], false);
      list.replaceChildren();
      say(undefined);
    },
  };
  return pane;
}

/** How long it took, and what did it. */
function factsOf(
  site: Site,
  { graph, precision, bleu }: SiteModel,
  translations: readonly Translation[],
): string {
  const { length } = translations;
  const time = translations.reduce(
    (sum, { milliseconds }) => sum + milliseconds,
    0,
  );
  return [
    ...length === 0 ? [] : [
      `${length} ${length === 1 ? "sentence" : "sentences"} in ${
        time.toFixed(0)
      } ms`,
    ],
    `${(fileOf(site, graph).bytes / 1e6).toFixed(1)} MB, ${precision}`,
    ...bleu === undefined ? [] : [`BLEU ${bleu.toFixed(1)}`],
  ].join(" · ");
}

/** Where the model looked for a word, in a sentence. */
function attentionOf(
  { words, sourceWords, attention }: Translation,
  word: number,
): string {
  const seen = attention[word]
    .map((share, i) => ({ share, text: sourceWords[i].text }))
    .filter(({ share }) => share >= LEAST)
    .toSorted((a, b) => b.share - a.share)
    .slice(0, MOST)
    .map(({ share, text }) => `“${text}” ${(100 * share).toFixed(0)} %`);
  return `For “${words[word].text}” the model looked at ${
    seen.join(", ") || "no word in particular"
  }.`;
}

function alternativeItem(
  { text, score }: Alternative,
  language: string,
): HTMLElement {
  const translation = document.createElement("span");
  translation.lang = language;
  translation.textContent = text;
  const shown = document.createElement("span");
  shown.className = "score";
  shown.textContent = score.toFixed(2).replace("-", "−");
  return itemOf(translation, " ", shown);
}

/** What is said of sentences that are unlike a model's training text, of so many in all. */
function warningOf(odd: readonly string[], all: number): string {
  return all === 1
    ? "This is unlike the text that the model was trained on: the translation may be wrong."
    : `${odd.length} of ${all} sentences, such as “${
      odd[0]
    }”, are unlike the text that the model was trained on: their translations may be wrong.`;
}
