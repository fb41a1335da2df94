/** The data sets of a run with their files, hashes, licences and citations. */
import { join } from "@std/path";
import { z } from "zod";
import { sha256 } from "../../engine/files/hash.ts";
import { withoutPassword } from "../../base/addresses.ts";
import {
  Data,
  FetchedLanguages,
  type Languages,
} from "../../schemas/experiment/data.ts";
import { parse } from "../../base/input_error.ts";
import type { Listing } from "../../schemas/manifest.ts";
import {
  citedDataSets,
  type SourcedDataSet,
  uniqueLicences,
} from "../../nmt/text/descriptors/citations.ts";
import {
  checkDescriptor,
  descriptorNames,
  type Selection,
  tarballName,
} from "../../nmt/text/descriptors/descriptors.ts";
import { pathsOf } from "../../nmt/text/formats/parallel.ts";
import {
  type Licence,
  parseLicence,
} from "../../nmt/text/descriptors/licences.ts";
import { mediaTypeOf } from "./media_type.ts";
import { digestOf, packageUrl } from "./packages.ts";
import type { MadeNode } from "./made_node.ts";

export interface DataSet extends SourcedDataSet {
  /** `target` is that of the source where only its side is taken. */
  readonly languages: Languages;
  readonly files: readonly DataFile[];
  /** The node that fetched it. */
  readonly node: string;
  /** Where the bytes that were fetched lie; undefined where they are gone. */
  readonly folder?: string;
  /** Whether its descriptor is another now than when it was used. */
  readonly isChanged: boolean;
}

export interface DataFile {
  readonly name: string;
  /** As a package, or where it can be downloaded. */
  readonly uri?: string;
  readonly mediaType: string;
  readonly terms?: Licence;
  /** In hexadecimal digits, by the algorithm. */
  readonly digest: Readonly<Partial<Record<"sha256" | "sha512", string>>>;
  readonly bytes?: number;
}

const Fetched = z.object({ data: Data, languages: FetchedLanguages });

/** The data sets that a node fetched; none where its stage is not the one that does. */
export function dataSetsOf(node: MadeNode): DataSet[] {
  const { stage, config, files } = node.record.preimage;
  if (stage !== "fetch") return [];
  const { data, languages } = parse(
    Fetched,
    config,
    `the recorded config of "${node.name}"`,
  );
  for (const name of descriptorNames(data)) checkDescriptor(name);
  const [fetched] = node.outputs;
  return citedDataSets(data, languages).map((account): DataSet => {
    const { from } = account;
    return {
      ...account,
      languages: { target: languages.source, ...languages },
      node: node.name,
      folder: fetched?.at,
      files: "own" in from
        ? ownFiles(from.own, files)
        : dataFilesOf(from.selection, data, fetched?.files ?? []),
      isChanged: "descriptor" in from &&
        !Object.values(files).includes(sha256(from.descriptor)),
    };
  });
}

/** The user's own files; `hashes` are those that the node recorded, by path. */
function ownFiles(
  { train, validation, test }: Data,
  hashes: Readonly<Record<string, string>>,
): DataFile[] {
  return [train, validation, test]
    .flatMap((files) => files === undefined ? [] : pathsOf(files))
    .map((name) => ({
      name,
      mediaType: mediaTypeOf(name),
      digest: { sha256: hashes[name] },
    }));
}

/** What was taken of a descriptor, package by package and file by file; `listing` is of what was fetched. */
function dataFilesOf(
  { name, packages, files }: Selection,
  data: Data,
  listing: Listing,
): DataFile[] {
  const sha256Of = (path: string) =>
    listing.find((file) => file.path === path)?.sha256;
  return [
    ...packages.map((each): DataFile => ({
      name: `${each.name}@${each.version}`,
      uri: packageUrl(each.name, each.version),
      mediaType: "application/gzip",
      terms: parseLicence(each.licence),
      digest: {
        sha256: sha256Of(tarballName(each)),
        ...digestOf(each.integrity),
      },
      bytes: each.bytes,
    })),
    ...files.map((file): DataFile => ({
      name: file.name,
      uri: file.urls[0] && withoutPassword(file.urls[0]),
      mediaType: mediaTypeOf(file.name),
      terms: parseLicence(file.licence),
      digest: {
        sha256: file.sha256 ?? data.sha256?.[file.name] ??
          sha256Of(join(name, file.name)),
      },
      bytes: file.bytes,
    })),
  ];
}

/** The terms of all of some data sets, each once. */
export function termsOfAll(data: readonly DataSet[]): Licence[] {
  return uniqueLicences(data.flatMap(({ licences }) => licences));
}
