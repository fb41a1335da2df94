/** Finds the descriptors of `data/`, and in them the sources that an experiment selects. */
import { fromFileUrl, join } from "@std/path";
import type { Data, Languages } from "../schemas/data.ts";
import {
  Descriptor,
  type Package,
  type Source,
} from "../schemas/descriptor.ts";
import { inputError, parse, suggestion } from "../schemas/errors.ts";

const FOLDER = fromFileUrl(new URL("../data", import.meta.url));

/** What a config takes from a descriptor. */
export interface Selection {
  readonly sources: readonly Source[];
  /** The packages of those sources that hold one of the two languages. */
  readonly packages: readonly Package[];
}

/** The file of a descriptor. */
export function descriptorPath(name: string): string {
  return join(FOLDER, `${name}.json`);
}

/** An input error for a name that no descriptor has. */
export function checkDescriptor(name: string): void {
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

/** Reads a descriptor and selects from it; an unknown source or language is an input error. */
export function select(
  name: string,
  data: Data,
  languages: Languages,
): Selection {
  const descriptor = parse(
    Descriptor,
    JSON.parse(Deno.readTextFileSync(descriptorPath(name))),
    `descriptor "${name}"`,
  );
  const labels = descriptor.sources.map(({ label }) => label);
  for (const label of data.sources ?? []) {
    if (!labels.includes(label)) {
      throw inputError(
        `Cannot use source "${label}" of data set "${descriptor.name}": it has no such source${
          suggestion(label, labels) || `, known are ${labels.join(", ")}.`
        }`,
      );
    }
  }
  for (const language of [languages.source, languages.target]) {
    if (!descriptor.languages.includes(language)) {
      throw inputError(
        `Cannot use language "${language}" of data set "${descriptor.name}": it has ${
          descriptor.languages.join(", ")
        }.`,
      );
    }
  }
  if (languages.source === languages.target) {
    throw inputError(
      `Cannot translate from "${languages.source}" to the same language: expected two languages.`,
    );
  }
  const sources = descriptor.sources.filter(({ label }) =>
    data.sources === undefined || data.sources.includes(label)
  );
  const packages = sources.flatMap((source) => packagesOf(source, languages));
  return { sources, packages };
}

/** The packages of a source that hold one of the two languages. */
export function packagesOf(source: Source, languages: Languages): Package[] {
  return source.packages.filter(({ files }) =>
    languages.source in files || languages.target in files
  );
}

/** Name of a package's tarball in the folder that `fetch` leaves. */
export function tarballName({ name, version }: Package): string {
  return `${name.replace("/", "+")}-${version}.tgz`;
}
