/** Finds the descriptors of `data/`, and in them the sources that an experiment selects. */
import { fromFileUrl, join, relative } from "@std/path";
import type {
  Data,
  FetchedLanguages,
} from "../../../schemas/experiment/data.ts";
import {
  type DataFile,
  Descriptor,
  type MessageSource,
  type Package,
  placesOf,
  type Source,
  type Text,
} from "../../../schemas/descriptor.ts";
import { inputError, parse, suggestion } from "../../../base/input_error.ts";
import { languageAmong } from "../../../schemas/language.ts";
import { checkReadable } from "../formats/lines.ts";
import { inLanguages, languagesOf } from "./languages.ts";

const FOLDER = fromFileUrl(new URL("../../../data", import.meta.url));

/** What a config takes from a descriptor. */
export interface Selection {
  /** Name of the descriptor. */
  readonly name: string;
  /** The sources that hold the languages; of text, only what is in all of them. */
  readonly sources: readonly Source[];
  /** The packages of those sources that hold one of the languages. */
  readonly packages: readonly Package[];
  /** The files of those sources that hold them. */
  readonly files: readonly DataFile[];
  /** All files of the descriptor: what those are made of is among them. */
  readonly known: readonly DataFile[];
}

/** What a config takes from all of its descriptors. */
export interface Selections {
  /** Of the descriptor that is split; none where the user's own files are. */
  readonly own?: Selection;
  /** Of those that are only trained on. */
  readonly additional: readonly Selection[];
}

/** The names of all descriptors that a config uses. */
export function descriptorNames(data: Data): string[] {
  return [
    ...data.descriptor === undefined ? [] : [data.descriptor],
    ...data.additional ?? [],
  ];
}

/** The file of a descriptor: of `data/` by its name, or the user's own by its path. */
export function descriptorPath(name: string): string {
  return isPath(name) ? name : join(FOLDER, `${name}.json`);
}

/** Where copies of data files are, by the path that names the original; what has no copy is read where it is. */
export type Copies = Readonly<Record<string, string>>;

/** A descriptor's file as a stage names it: one of `data/` by its path from the working directory. */
export function descriptorFile(name: string): string {
  const path = descriptorPath(name);
  return path === name ? path : relative(Deno.cwd(), path);
}

/** An input error for a name that no descriptor has. */
export function checkDescriptor(name: string): void {
  if (isPath(name)) return checkReadable([name]);
  const known = [...Deno.readDirSync(FOLDER)]
    .filter((entry) => entry.name.endsWith(".json"))
    .map((entry) => entry.name.slice(0, -".json".length)).sort();
  if (known.includes(name)) return;
  throw inputError(
    `Cannot use data set "${name}": data/ has no such descriptor${
      suggestion(name, known) || `, known are ${known.join(", ")}.`
    }`,
  );
}

function isPath(name: string): boolean {
  return name.endsWith(".json");
}

/** The text of a descriptor. */
export function descriptorText(name: string, copies: Copies): string {
  return Deno.readTextFileSync(
    copies[descriptorFile(name)] ?? descriptorPath(name),
  );
}

function readDescriptor(name: string, copies: Copies): Descriptor {
  let written: unknown;
  try {
    written = JSON.parse(descriptorText(name, copies));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw inputError(
      `Cannot use descriptor "${name}": it is no JSON (${error.message}).`,
    );
  }
  return parse(Descriptor, written, `descriptor "${name}"`);
}

/** Reads the descriptors of a config and selects from them; what they do not have is an input error. */
export function selections(
  data: Data,
  languages: FetchedLanguages,
  copies: Copies = {},
): Selections {
  if (
    languages.source === languages.target && descriptorNames(data).length > 0
  ) {
    throw inputError(
      `Cannot translate from "${languages.source}" to the same language: expected two languages.`,
    );
  }
  const additional = (data.additional ?? []).map((name) =>
    select(readDescriptor(name, copies), languages, ["train"])
  );
  return data.descriptor === undefined ? { additional } : {
    own: select(
      readDescriptor(data.descriptor, copies),
      languages,
      languages.target === undefined ? ["train"] : ["train", "test"],
      data.sources,
    ),
    additional,
  };
}

/**
 * Checks that there is text to train on: `selections` takes a data set that has a test set alone, too.
 *
 * @throws An input error where the descriptor that is split has none.
 */
export function checkTraining(
  { descriptor, sources }: Data,
  languages: FetchedLanguages,
): void {
  if (descriptor === undefined) return;
  select(readDescriptor(descriptor, {}), languages, ["train"], sources);
}

/** Selects from a descriptor, all sources unless some are named; they have text of at least one of some parts. */
function select(
  descriptor: Descriptor,
  languages: FetchedLanguages,
  enough: readonly Text["part"][],
  sources?: readonly string[],
): Selection {
  const { name } = descriptor;
  const { source, target } = languages;
  const wanted = target === undefined ? [source] : [source, target];
  const labels = descriptor.sources.map(({ label }) => label);
  for (const label of sources ?? []) {
    if (!labels.includes(label)) {
      throw inputError(
        `Cannot use source "${label}" of data set "${name}": it has no such source${
          suggestion(label, labels) || `, known are ${labels.join(", ")}.`
        }`,
      );
    }
  }
  const names: Record<string, string> = {};
  for (const language of wanted) {
    const its = languageAmong(language, descriptor.languages);
    if (its === undefined) {
      throw inputError(
        `Cannot use language "${language}" of data set "${name}": it has ${
          descriptor.languages.join(", ")
        }.`,
      );
    }
    if (its in names) {
      throw inputError(
        `Cannot translate from "${source}" to "${target}" on data set "${name}": both are its "${its}"; expected two of ${
          descriptor.languages.join(", ")
        }.`,
      );
    }
    names[its] = language;
  }
  const selected = descriptor.sources
    .filter(({ label }) => sources === undefined || sources.includes(label))
    .flatMap((source) => inLanguages(source, names));
  const isEnough = selected.some((source) =>
    "packages" in source ||
    source.texts.some(({ part }) => enough.includes(part))
  );
  if (!isEnough) {
    const trained = descriptor.sources.flatMap(languagesOf);
    throw inputError(
      (target === undefined
        ? `Cannot take text of "${source}" from data set "${name}": `
        : `Cannot train from "${source}" to "${target}" on data set "${name}": `) +
        `${
          sources === undefined ? "it has" : `its ${sources.join(", ")} have`
        } no training text` +
        (trained.length === 0
          ? ', only a test set, which may be named in "testSets".'
          : ` in ${target === undefined ? `"${source}"` : "both"}, only in ${
            trained.join(", ")
          }.`),
    );
  }
  const places = selected.flatMap((source) =>
    "texts" in source ? source.texts.flatMap(placesOf) : []
  );
  return {
    name,
    sources: selected,
    packages: selected.flatMap((source) =>
      "packages" in source ? packagesOf(source, languages) : []
    ),
    files: descriptor.files.filter(({ name }) =>
      places.some(({ file }) => file === name)
    ),
    known: descriptor.files,
  };
}

/** The packages of a source that hold one of the languages. */
export function packagesOf(
  source: MessageSource,
  languages: FetchedLanguages,
): Package[] {
  const { target } = languages;
  return source.packages.filter(({ files }) =>
    languages.source in files || (target !== undefined && target in files)
  );
}

/** Name of a package's tarball in the folder that `fetch` leaves. */
export function tarballName({ name, version }: Package): string {
  return `${name.replace("/", "+")}-${version}.tgz`;
}
