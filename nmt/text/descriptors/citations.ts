/** Descriptions, citations and licences of the data sets of a config. */
import {
  type Data,
  type FetchedLanguages,
  fetchedMonolingual,
  type MonolingualText,
} from "../../../schemas/experiment/data.ts";
import { Descriptor } from "../../../schemas/descriptor.ts";
import { parse } from "../../../base/input_error.ts";
import {
  type Copies,
  descriptorNames,
  descriptorText,
  type Selection,
  selections,
} from "./descriptors.ts";
import { type Licence, parseLicence } from "./licences.ts";

export interface CitedDataSet {
  readonly name: string;
  readonly description: string;
  /** What to cite. */
  readonly citation: readonly string[];
  /** The licences of its files and packages, each once; none where they are not known. */
  readonly licences: readonly Licence[];
}

/** A data set with its origin: a selection of a descriptor, or the user's own files. */
export interface SourcedDataSet extends CitedDataSet {
  readonly from:
    | { readonly selection: Selection; readonly descriptor: string }
    | { readonly own: Data };
}

/** The data sets of a config: those of its descriptors, then the user's own files, if there are any. */
export function citedDataSets(
  data: Data,
  languages: FetchedLanguages,
  copies: Copies = {},
): SourcedDataSet[] {
  const { own, additional } = selections(data, languages, copies);
  const selected = [...own === undefined ? [] : [own], ...additional];
  const described = descriptorNames(data).map((written, i) =>
    citedDataSet(written, selected[i], copies)
  );
  return data.train === undefined ? described : [...described, {
    name: "own-files",
    description: "Parallel text of the user's own",
    citation: [],
    licences: data.licence === undefined ? [] : [parseLicence(data.licence)],
    from: { own: data },
  }];
}

/** The data sets of text without translations, and the user's own, of which no licence is known. */
export function citedText(
  text: MonolingualText,
  source: string,
  copies: Copies = {},
): CitedDataSet[] {
  const fetched = fetchedMonolingual(text);
  return [
    ...fetched === undefined ? [] : citedDataSets(fetched, { source }, copies),
    ...text.files === undefined ? [] : [{
      name: "own-text",
      description: "Text of the user's own, without translations",
      citation: [],
      licences: [],
    }],
  ];
}

/** A public model as what stands for the data that it was trained on, and its terms, where they are known. */
export function importedModel(
  { name, description = "A public model" }: {
    readonly name: string;
    readonly description?: string;
  },
  licence: string | undefined,
): CitedDataSet {
  return {
    name,
    description: `${description}; its release says what it was trained on`,
    citation: [],
    licences: licence === undefined ? [] : [parseLicence(licence)],
  };
}

function citedDataSet(
  written: string,
  selection: Selection,
  copies: Copies,
): SourcedDataSet {
  const text = descriptorText(written, copies);
  const { name, description, citation } = parse(
    Descriptor,
    JSON.parse(text),
    `descriptor "${written}"`,
  );
  const { packages, files } = selection;
  const licences = [...packages, ...files].map(({ licence }) =>
    parseLicence(licence)
  );
  return {
    name,
    description,
    citation,
    licences: uniqueLicences(licences),
    from: { selection, descriptor: text },
  };
}

/** The licences of different wordings. */
export function uniqueLicences(licences: readonly Licence[]): Licence[] {
  return [...new Map(licences.map((each) => [each.licence, each])).values()];
}
