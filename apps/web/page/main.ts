/** The page: sends the typed text to one or two models and shows their translations. */
/// <reference lib="dom" />
import { keepOffline } from "./offline.ts";
import { type Sentence, sentencesOf } from "./model/text.ts";
import { missing } from "./requirements.ts";
import type { Site, SiteModel } from "./site.ts";
import { showAbout } from "./view/about.ts";
import { element } from "./view/element.ts";
import { createHighlight } from "./view/highlight.ts";
import { createPane, type Pointed } from "./view/pane.ts";
import { keepSession, linkOf, openSession } from "./view/session.ts";
import { chooseTheme, storedTheme } from "./view/theme.ts";
import { createTools } from "./view/tools.ts";

/** Milliseconds without a key after which what is typed is translated. */
const PAUSE = 120;
/** Beams that can be chosen beside a model's own. */
const BEAMS = [1, 2, 3, 5, 8, 10];

const names = new Intl.DisplayNames(["en"], { type: "language" });

async function start(): Promise<void> {
  const theme = element("theme", HTMLSelectElement);
  theme.value = storedTheme();
  theme.addEventListener("change", () => chooseTheme(theme.value));
  const lack = missing();
  if (lack !== undefined) throw new Error(lack);
  const base = document.baseURI;
  const site = await siteAt(base);
  // Whoever visits first waits for the model and for the keeping of its files, not for the rest.
  await translatorOf(site, base);
  const offline = element("offline", HTMLElement);
  const use = element("use", HTMLButtonElement);
  await keepOffline((status) => {
    offline.textContent = status.text;
    use.hidden = status.use === undefined;
    use.onclick = status.use ?? null;
  });
}

async function siteAt(base: string): Promise<Site> {
  try {
    const response = await fetch(new URL("site.json", base));
    if (!response.ok) throw new Error(`the server says ${response.status}`);
    return await response.json();
  } catch (error) {
    throw new Error(
      `Cannot load site.json, the list of models: ${
        error instanceof Error ? error.message : String(error)
      }; reload the page to try again.`,
    );
  }
}

/** Wires the page; fulfilled once its first model is loaded, or the page says why it is not. */
function translatorOf(site: Site, base: string): Promise<void> {
  const field = element("source", HTMLTextAreaElement);
  const direction = element("direction", HTMLSelectElement);
  const swap = element("swap", HTMLButtonElement);
  const model = element("model", HTMLSelectElement);
  const beside = element("beside", HTMLSelectElement);
  const beam = element("beam", HTMLSelectElement);
  const address = new URL(location.href);
  const session = openSession(address);
  // What was typed before this script ran is kept.
  if (field.value === "") field.value = session.text;
  const sections = [
    element("first", HTMLElement),
    element("second", HTMLElement),
  ];
  sections[1].append(...sections[0].cloneNode(true).childNodes);
  const highlight = createHighlight(element("mirror", HTMLElement), field);
  const [first, second] = sections.map((section) =>
    createPane(
      section,
      site,
      base,
      (pointed) => highlight.mark(marksOf(pointed)),
    )
  );

  const directions = [...new Set(site.models.map(directionOf))];
  const tools = createTools(
    field,
    () =>
      linkOf(address, {
        text: field.value,
        direction: directions.length > 1 ? direction.value : undefined,
      }),
  );
  const inDirection = () =>
    site.models.filter((model) => directionOf(model) === direction.value);
  const reverse = () => direction.value.split(" ").reverse().join(" ");
  const modelOf = ({ value }: HTMLSelectElement) =>
    site.models.find(({ id }) => id === value);

  let lines: readonly (readonly Sentence[])[] = [];
  const chooseSentence = () => {
    const all = lines.flat();
    const at = all.findLast(({ start }) => start <= field.selectionStart) ??
      all[0];
    for (const pane of [first, second]) pane.choose(at?.text);
  };
  const write = () => {
    keepSession(address, { text: field.value, direction: direction.value });
    lines = sentencesOf(field.value, field.lang);
    first.write(lines);
    second.write(lines);
    chooseSentence();
  };
  const opened = Promise.withResolvers<void>();
  const openSecond = () => {
    const chosen = modelOf(beside);
    sections[1].hidden = chosen === undefined;
    sections[0].parentElement?.classList.toggle("two", chosen !== undefined);
    if (chosen === undefined) second.close();
    else void second.open(chosen, Number(beam.value));
  };
  const openFirst = () => {
    const chosen = modelOf(model);
    if (chosen === undefined) return;
    const before = beside.value;
    options(beside, [
      { value: "", text: "none" },
      ...inDirection().filter(({ id }) => id !== chosen.id).map(optionOf),
    ]);
    if ([...beside.options].some(({ value }) => value === before)) {
      beside.value = before;
    }
    if (beside.value !== before) openSecond();
    void first.open(chosen, Number(beam.value)).then(opened.resolve);
  };
  const turn = () => {
    const models = inDirection();
    const [best] = models;
    const { source, target } = best.languages;
    field.lang = source;
    element("source-name", HTMLElement).textContent = nameOf(source);
    for (const section of sections) {
      for (const name of section.querySelectorAll(".target-name")) {
        name.textContent = nameOf(target);
      }
    }
    document.title = `${nameOf(source)} to ${nameOf(target)}`;
    swap.hidden = !directions.includes(reverse());
    options(model, models.map(optionOf));
    const beams = new Set([...BEAMS, best.beam]);
    options(
      beam,
      [...beams].sort((a, b) => a - b).map((width) => ({
        value: String(width),
        text: String(width),
      })),
    );
    beam.value = String(best.beam);
    beside.value = "";
    openSecond();
    openFirst();
    showAbout(models);
    tools.show();
    write();
  };

  options(
    direction,
    directions.map((value) => ({
      value,
      text: value.split(" ").map(nameOf).join(" to "),
    })),
  );
  const { direction: wanted } = session;
  if (wanted !== undefined && directions.includes(wanted)) {
    direction.value = wanted;
  }
  const hasChoice = directions.length > 1;
  element("directions", HTMLElement).hidden = !hasChoice;
  // They say as much, and take less room.
  element("title", HTMLElement).classList.toggle("unseen", hasChoice);
  direction.addEventListener("change", turn);
  model.addEventListener("change", openFirst);
  beside.addEventListener("change", openSecond);
  beam.addEventListener("change", () => {
    for (const pane of [first, second]) pane.search(Number(beam.value));
  });
  swap.addEventListener("click", () => {
    // What was typed a moment ago is not translated yet, and nothing is where the model did not load.
    write();
    const text = first.isWhole() ? first.text() : field.value;
    direction.value = reverse();
    field.value = text;
    field.dispatchEvent(new Event("input"));
    turn();
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(write, PAUSE);
  });
  document.addEventListener("selectionchange", () => {
    if (document.activeElement === field) chooseSentence();
  });
  turn();

  element("engine", HTMLElement).textContent =
    `The models run in this browser, by ONNX Runtime Web ${site.runtime}.`;
  return opened.promise;
}

/** What a word's model looked at, as parts of the text. */
function marksOf(pointed: Pointed | undefined) {
  if (pointed === undefined) return [];
  const { sentence, translation: { sourceWords, attention }, word } = pointed;
  return sourceWords.map(({ start, text }, i) => ({
    start: sentence.start + start,
    end: sentence.start + start + text.length,
    share: attention[word][i],
  }));
}

interface Choice {
  readonly value: string;
  readonly text: string;
}

function options(select: HTMLSelectElement, choices: readonly Choice[]): void {
  select.replaceChildren(
    ...choices.map(({ value, text }) => new Option(text, value)),
  );
}

function optionOf({ id, system, bleu }: SiteModel): Choice {
  const score = bleu === undefined ? "" : ` (BLEU ${bleu.toFixed(1)})`;
  return { value: id, text: `${system}${score}` };
}

function directionOf({ languages: { source, target } }: SiteModel): string {
  return `${source} ${target}`;
}

function nameOf(language: string): string {
  return names.of(language) ?? language;
}

try {
  await start();
} catch (error) {
  const problem = element("problem", HTMLElement);
  problem.textContent = error instanceof Error ? error.message : String(error);
  problem.hidden = false;
  element("translator", HTMLElement).hidden = true;
}
