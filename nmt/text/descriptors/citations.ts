/** What is told of the data sets of a config: what they are, whom to cite, on what terms their text is. */
import type { Data, Languages } from "../../../schemas/experiment/data.ts";
import { Descriptor } from "../../../schemas/descriptor.ts";
import { parse } from "../../../base/input_error.ts";
import {
  type Copies,
  descriptorNames,
  descriptorText,
  type Selection,
  selections,
} from "./descriptors.ts";
import { type Terms, termsOf } from "./licences.ts";

export interface Account {
  readonly name: string;
  readonly description: string;
  /** Who is to be named. */
  readonly citation: readonly string[];
  /** Those of the files and packages that are used, each once; none where nothing is known of them. */
  readonly terms: readonly Terms[];
}

/** A data set with where its text is from: what a config takes of a descriptor, or files of the user's own. */
export interface AccountOfText extends Account {
  readonly from:
    | { readonly selection: Selection; readonly descriptor: string }
    | { readonly own: Data };
}

/** The data sets of a config: those of its descriptors as they are now, then the user's own files, if there are any. */
export function accountsOf(
  data: Data,
  languages: Languages,
  copies: Copies = {},
): AccountOfText[] {
  const { own, additional } = selections(data, languages, copies);
  const selected = [...own === undefined ? [] : [own], ...additional];
  const described = descriptorNames(data).map((written, i) =>
    accountOf(written, selected[i], copies)
  );
  return data.train === undefined ? described : [...described, {
    name: "own-files",
    description: "Parallel text of the user's own",
    citation: [],
    terms: [],
    from: { own: data },
  }];
}

function accountOf(
  written: string,
  selection: Selection,
  copies: Copies,
): AccountOfText {
  const text = descriptorText(written, copies);
  const { name, description, citation } = parse(
    Descriptor,
    JSON.parse(text),
    `descriptor "${written}"`,
  );
  const { packages, files } = selection;
  const terms = [...packages, ...files].map(({ licence }) => termsOf(licence));
  return {
    name,
    description,
    citation,
    terms: uniqueTerms(terms),
    from: { selection, descriptor: text },
  };
}

/** Each wording once. */
export function uniqueTerms(terms: readonly Terms[]): Terms[] {
  return [...new Map(terms.map((each) => [each.licence, each])).values()];
}
