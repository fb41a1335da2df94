/** Describes a data set in Croissant: its files with hashes, and its sentence pairs as records. */
import type { Json } from "../../../schemas/manifest.ts";
import type { DataSet } from "../data.ts";

/** Where the pairs lie beside the description. */
export const PAIRS = "data/pairs.jsonl";

/** The file of the pairs, a JSON object a line. */
export interface PairsFile {
  readonly sha256: string;
  readonly bytes: number;
}

const FIELDS = {
  source: "A sentence or message in the source language",
  target: "Its translation",
  split: "What the data set has it for: train, validation or test",
} as const;

const SPLITS = ["train", "validation", "test"] as const;

/** What a data set's folder is called; the same one may be used for several pairs of languages. */
export function folderOf({ name, languages }: DataSet): string {
  return `${name}.${languages.source}-${languages.target}`;
}

/** `datePublished` is when it was brought in, in ISO 8601. */
export function croissant(
  set: DataSet,
  pairs: PairsFile,
  datePublished: string | undefined,
): Json {
  const { name, description, citation, languages, licences, files } = set;
  return {
    "@context": CONTEXT,
    "@type": "sc:Dataset",
    conformsTo: "http://mlcommons.org/croissant/1.1",
    name: folderOf(set),
    alternateName: name,
    description,
    inLanguage: [languages.source, languages.target],
    license: licences.map(({ url, licence }) => url ?? licence),
    citeAs: citation.length === 0 ? undefined : citation.join("\n"),
    url: `urn:ckd:data:${folderOf(set)}`,
    datePublished: datePublished?.slice(0, 10),
    version: "1.0.0",
    distribution: [
      ...files.flatMap(({ name, uri, mediaType, digest, bytes }) =>
        digest.sha256 === undefined ? [] : [{
          "@type": "cr:FileObject",
          // A name that begins with @ would be a keyword.
          "@id": `files/${encodeURIComponent(name)}`,
          name,
          contentUrl: uri ?? name,
          contentSize: bytes === undefined ? undefined : `${bytes} B`,
          encodingFormat: mediaType,
          sha256: digest.sha256,
        }]
      ),
      {
        "@type": "cr:FileObject",
        "@id": "pairs.jsonl",
        name: "pairs.jsonl",
        description: "The sentence pairs that the files above hold",
        contentUrl: PAIRS,
        contentSize: `${pairs.bytes} B`,
        encodingFormat: "application/jsonlines",
        sha256: pairs.sha256,
      },
    ],
    recordSet: [{
      "@type": "cr:RecordSet",
      "@id": "splits",
      name: "splits",
      dataType: "cr:Split",
      key: { "@id": "splits/name" },
      field: [{
        "@type": "cr:Field",
        "@id": "splits/name",
        name: "name",
        dataType: "sc:Text",
      }],
      data: SPLITS.map((split) => ({ "splits/name": split })),
    }, {
      "@type": "cr:RecordSet",
      "@id": "pairs",
      name: "pairs",
      description: `Sentence pairs, ${languages.source} to ${languages.target}`,
      field: Object.entries(FIELDS).map(([field, description]) => ({
        "@type": "cr:Field",
        "@id": `pairs/${field}`,
        name: field,
        description,
        dataType: "sc:Text",
        source: {
          fileObject: { "@id": "pairs.jsonl" },
          extract: { column: field },
        },
        references: field === "split"
          ? { field: { "@id": "splits/name" } }
          : undefined,
      })),
    }],
  };
}

/** The names of the format, all that its specification has; a reader warns where one is missing. */
const CONTEXT: Json = {
  "@language": "en",
  "@vocab": "https://schema.org/",
  arrayShape: "cr:arrayShape",
  citeAs: "cr:citeAs",
  column: "cr:column",
  conformsTo: "dct:conformsTo",
  containedIn: "cr:containedIn",
  cr: "http://mlcommons.org/croissant/",
  data: { "@id": "cr:data", "@type": "@json" },
  dataType: { "@id": "cr:dataType", "@type": "@vocab" },
  dct: "http://purl.org/dc/terms/",
  description: { "@container": "@language" },
  equivalentProperty: "cr:equivalentProperty",
  examples: { "@id": "cr:examples", "@type": "@json" },
  extract: "cr:extract",
  field: "cr:field",
  fileObject: "cr:fileObject",
  fileProperty: "cr:fileProperty",
  fileSet: "cr:fileSet",
  format: "cr:format",
  includes: "cr:includes",
  isArray: "cr:isArray",
  isLiveDataset: "cr:isLiveDataset",
  jsonPath: "cr:jsonPath",
  key: "cr:key",
  md5: "cr:md5",
  name: { "@container": "@language" },
  parentField: "cr:parentField",
  path: "cr:path",
  rai: "http://mlcommons.org/croissant/RAI/",
  recordSet: "cr:recordSet",
  references: "cr:references",
  regex: "cr:regex",
  repeated: "cr:repeated",
  replace: "cr:replace",
  samplingRate: "cr:samplingRate",
  sc: "https://schema.org/",
  separator: "cr:separator",
  source: "cr:source",
  subField: "cr:subField",
  transform: "cr:transform",
};
