/** The origin and licence of each package and file that is fetched for a config. */
import { z } from "zod";
import { Data, FetchedLanguages } from "../../../schemas/experiment/data.ts";
import { parse } from "../../../base/input_error.ts";
import { selections } from "./descriptors.ts";
import { pathsOf } from "../formats/parallel.ts";
import { whereToGet } from "./checksums.ts";

export interface DataOrigin {
  readonly name: string;
  readonly licence: string;
  readonly source: string;
}

const Fetched = z.object({ data: Data, languages: FetchedLanguages });

/** The packages and files that a recorded config of `fetch` means, by the descriptors as they are now. */
export function dataOrigins(config: unknown): DataOrigin[] {
  const { data, languages } = parse(Fetched, config, "a recorded config");
  const { own, additional } = selections(data, languages);
  const selected = [...own === undefined ? [] : [own], ...additional];
  const users = [data.train, data.validation, data.test]
    .flatMap((files) => files === undefined ? [] : pathsOf(files))
    .map((name) => ({
      name,
      licence: data.licence ?? "not recorded",
      source: "the user's own file",
    }));
  const described = selected.flatMap(({ name: set, packages, files }) => [
    ...packages.map(({ name, version, licence, integrity }) => ({
      name: `${set}: ${name} ${version}`,
      licence,
      source: `npm, ${integrity}`,
    })),
    ...files.map((file) => ({
      name: `${set}: ${file.name}`,
      licence: file.licence,
      source: [
        whereToGet(file),
        ...file.sha256 === undefined ? [] : [`sha256 ${file.sha256}`],
      ].join(", "),
    })),
  ]);
  return [...described, ...users];
}
