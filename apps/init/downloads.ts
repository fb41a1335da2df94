/** Announces what `fetch` will download: what, how much, from where, under which licence. */
import { format } from "@std/fmt/bytes";
import { z } from "zod";
import { Data, FetchedLanguages } from "../../schemas/experiment/data.ts";
import type { DataFile, Package } from "../../schemas/descriptor.ts";
import { parse } from "../../base/input_error.ts";
import {
  type Selection,
  selections,
} from "../../nmt/text/descriptors/descriptors.ts";
import {
  candidates,
  type Mirrored,
  mirrored,
  mirrors,
} from "../../nmt/text/fetch/mirrors.ts";

const Fetched = z.object({ data: Data, languages: FetchedLanguages });

/** How a file will be had. */
type Way =
  | { readonly kind: "mirror"; readonly path: string }
  | { readonly kind: "made"; readonly of: readonly Planned[] }
  | { readonly kind: "download"; readonly host: string }
  | { readonly kind: "nowhere" };

interface Planned {
  readonly file: DataFile;
  readonly way: Way;
}

/** A sentence or two a data set; none where all text is the user's own. */
export function downloads(
  config: unknown,
  folders = mirrors(),
): string[] {
  const { data, languages } = parse(Fetched, config, "a config of fetch");
  const { own, additional } = selections(data, languages);
  const inMirrors = mirrored(folders);
  return [...own === undefined ? [] : [own], ...additional]
    .flatMap((set) => sentences(set, data, inMirrors));
}

function sentences(
  { name, packages, files, known }: Selection,
  { sha256 = {} }: Data,
  inMirrors: readonly Mirrored[],
): string[] {
  const wayOf = (file: DataFile): Planned => ({ file, way: way(file) });
  const way = (file: DataFile): Way => {
    const hash = file.sha256 ?? sha256[file.name];
    const { gzip, made } = file;
    const found = hash === undefined ? undefined : [
      ...candidates(inMirrors, { ...file, sha256: hash }),
      ...gzip === undefined
        ? []
        : candidates(inMirrors, { ...gzip, name: `${file.name}.gz` }),
    ][0];
    if (found !== undefined) return { kind: "mirror", path: found.path };
    if (made !== undefined) {
      const names = Object.values(made.of);
      const of = known.filter(({ name }) => names.includes(name)).map(wayOf);
      return { kind: "made", of };
    }
    const [url] = file.urls;
    return url === undefined
      ? { kind: "nowhere" }
      : { kind: "download", host: new URL(url).host };
  };
  // Of a file that is made from others, those are planned.
  const planned = files.map(wayOf).flatMap(flat);
  const downloaded = planned.filter(({ way }) => way.kind === "download");
  const found = planned.flatMap(({ way }) =>
    way.kind === "mirror" ? [way.path] : []
  );
  const nowhere = planned.filter(({ way }) => way.kind === "nowhere");
  const set = `Data set "${name}"`;
  return [
    ...packages.length === 0 ? [] : [packagesSentence(set, packages)],
    ...downloaded.length === 0 ? [] : [filesSentence(set, downloaded)],
    ...found.length === 0
      ? []
      : [`${set}: ${found.join(", ")} will be copied from your mirrors.`],
    ...nowhere.map(({ file }) =>
      `${set}: ${file.name} cannot be downloaded and is in no mirror.`
    ),
  ];
}

function flat(planned: Planned): Planned[] {
  return planned.way.kind === "made" ? planned.way.of.flatMap(flat) : [planned];
}

function packagesSentence(set: string, packages: readonly Package[]): string {
  const bytes = packages.reduce((sum, { bytes }) => sum + bytes, 0);
  return `${set}: ${count(packages.length, "package")} of ${
    format(bytes)
  } will be downloaded from your npm registry, unless npm's cache has them, under ${
    licencesOf(packages)
  }.`;
}

function filesSentence(set: string, downloaded: readonly Planned[]): string {
  const files = downloaded.map(({ file }) => file);
  const bytes = files.reduce(
    (sum, { bytes, maximumBytes = 0 }) => sum + (bytes ?? maximumBytes),
    0,
  );
  const hosts = new Set(
    downloaded.map(({ way }) => way.kind === "download" ? way.host : ""),
  );
  const most = files.some(({ bytes }) => bytes === undefined) ? "at most " : "";
  return `${set}: ${count(files.length, "file")} of ${most}${
    format(bytes)
  } will be downloaded from ${[...hosts].join(" and ")}, under ${
    licencesOf(files)
  }.`;
}

function licencesOf(of: readonly { readonly licence: string }[]): string {
  return [...new Set(of.map(({ licence }) => licence))].sort().join(", ");
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
