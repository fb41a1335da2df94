/** One model's part of the page: translation, attention, alternatives, time and size. */
/// <reference lib="dom" />
import { fileOf, type Site, type SiteModel } from "../site.ts";
import type { Sentence } from "../model/text.ts";
import type { Alternative, Translation } from "../model/translation.ts";
import {
  createTranslations,
  type Translations,
} from "../model/translations.ts";
import { openTranslator, type Translator } from "../model/translator.ts";
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
  close(): void;
}

/** What a model makes. */
interface Work {
  readonly model: SiteModel;
  readonly translator: Translator;
  readonly translations: Translations<Translation>;
  readonly alternatives: Translations<readonly Alternative[]>;
}

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
  const template = document.querySelector<HTMLTemplateElement>("#pane");
  if (template === null) throw new Error('The page has no template "pane".');
  section.append(template.content.cloneNode(true));
  const heading = section.querySelector("h2");
  heading?.setAttribute("id", section.getAttribute("aria-labelledby") ?? "");
  const part = (name: string) => {
    const found = section.querySelector<HTMLElement>(`.${name}`);
    if (found === null) throw new Error(`The page has no "${name}".`);
    return found;
  };
  const [name, output, looked, facts, problem, of, list, details] = [
    ...["model-name", "translation", "looked", "facts", "problem"],
    ...["alternatives-of", "alternatives-list", "alternatives"],
  ].map(part);
  const areAsked = () => details.hasAttribute("open");

  let work: Work | undefined;
  /** What stands in place of the facts until the model is loaded. */
  let loading: string | undefined;
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
    const there = lines.flat().map(known)
      .filter((translation) => translation !== undefined);
    facts.textContent = loading ?? factsOf(site, work.model, there);
  };
  const showAlternatives = () => {
    if (work === undefined || !areAsked()) return;
    of.textContent = chosen === undefined
      ? "Type a sentence first."
      : `Of “${chosen}”, best first, with log p:`;
    const found = chosen === undefined
      ? []
      : work.alternatives.get(chosen) ?? [];
    list.replaceChildren(
      ...found.map((alternative) =>
        itemOf(alternative, work?.model.languages.target ?? "")
      ),
    );
  };
  const wantAlternatives = () => {
    if (!areAsked()) return;
    work?.alternatives.want(chosen === undefined ? [] : [chosen]);
    showAlternatives();
  };
  details.addEventListener("toggle", wantAlternatives);

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
          const result = await translator.alternatives(sentence, beam);
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
      loading = `Loading ${model.system} …`;
      facts.textContent = loading;
      start(model, translator, beam);
      const loaded = (instead: string | undefined, sentence?: string) => {
        if (work?.translator !== translator) return;
        loading = instead;
        show();
        say(sentence);
      };
      return translator.ready.then(
        () => loaded(undefined),
        ({ message }: Error) => loaded("", message),
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
      if (lines.length > 0) show();
    },
    choose: (sentence) => {
      if (sentence === chosen) return;
      chosen = sentence;
      wantAlternatives();
    },
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

function itemOf({ text, score }: Alternative, language: string): HTMLElement {
  const item = document.createElement("li");
  const translation = document.createElement("span");
  translation.lang = language;
  translation.textContent = text;
  const shown = document.createElement("span");
  shown.className = "score";
  shown.textContent = score.toFixed(2).replace("-", "−");
  item.append(translation, " ", shown);
  return item;
}
