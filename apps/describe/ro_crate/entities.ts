/** The entities of an RO-Crate: ids and properties of nodes, files, people and tools. */
import type { Json, Metrics } from "../../../schemas/manifest.ts";
import type { Licence } from "../../../nmt/text/descriptors/licences.ts";
import type { DataFile, DataSet } from "../data.ts";
import { mediaTypeOf } from "../media_type.ts";
import type { MadeNode, MadeOutput } from "../made_node.ts";
import { denoVersion } from "../record.ts";

export interface Entity {
  readonly "@id": string;
  readonly "@type": string | readonly string[];
  readonly [property: string]: Json | undefined;
}

/** How one entity names another. */
export type Reference = { readonly "@id": string };

/** A file whose text is written into the crate. */
export interface WrittenFile {
  readonly path: string;
  readonly text: string;
  readonly name: string;
  readonly mediaType: string;
}

export const EXPERIMENT_PARAMETER: Entity = {
  "@id": "#experiment",
  "@type": "FormalParameter",
  additionalType: "File",
  name: "experiment",
  description:
    "The values of an experiment; schemas/experiment/experiment.ts has them all",
  encodingFormat: "application/json",
  valueRequired: true,
};

export function typescript(version: string): Entity {
  return {
    "@id": "#typescript",
    "@type": "ComputerLanguage",
    name: "TypeScript",
    version,
    identifier: "https://www.typescriptlang.org/",
    url: "https://www.typescriptlang.org/",
  };
}

/** Of the pipeline's own code. */
export const PROJECT_LICENCE: Entity = {
  "@id": "https://spdx.org/licenses/Apache-2.0",
  "@type": "CreativeWork",
  name: "Apache-2.0",
};

/** Of what was learnt from files of which nothing is known. */
export const UNKNOWN_LICENCE: Entity = {
  "@id": "#licence-not-known",
  "@type": "CreativeWork",
  name: "not known: the data are the user's own files",
};

const USES = {
  research: "for research only",
  "non-commercial": "not for commercial use",
  any: undefined,
} as const;

export function licence({ licence, url, use }: Licence): Entity {
  return {
    "@id": url ?? `#licence-${encodeURIComponent(licence)}`,
    "@type": "CreativeWork",
    name: licence,
    description: USES[use],
  };
}

/** What is known of a file by its hash only; its bytes are not in the crate. */
function described(sha256: string, properties: Partial<Entity>): Entity {
  return {
    "@id": `#sha256-${sha256}`,
    "@type": "CreativeWork",
    sha256,
    ...properties,
  };
}

/** A file that the config of a node names, such as a descriptor. */
export function namedFile(path: string, sha256: string): Entity {
  return described(sha256, { name: path });
}

/** An output whose bytes are not in the crate. */
export function outputElsewhere(
  { path, artifact: { sha256, bytes, mediaType } }: MadeOutput,
): Entity {
  return described(sha256, {
    name: path,
    contentSize: String(bytes),
    encodingFormat: mediaType,
  });
}

export function file(
  path: string,
  { sha256, bytes, mediaType }: {
    readonly sha256: string;
    readonly bytes: number;
    readonly mediaType?: string;
  },
): Entity {
  return {
    "@id": idOf(path),
    "@type": "File",
    name: path,
    contentSize: String(bytes),
    encodingFormat: mediaType ?? mediaTypeOf(path),
    sha256,
  };
}

export function folder(
  { path, name, artifact: { bytes } }: MadeOutput,
  hasPart: readonly Reference[],
): Entity {
  return {
    "@id": `${idOf(path)}/`,
    "@type": "Dataset",
    name: path,
    description: `the output ${name}`,
    contentSize: String(bytes),
    hasPart,
  };
}

/** A data set as a collection of files, wherever they are. */
export function dataSet(
  { name, description, citation, licences, languages }: DataSet,
  hasPart: readonly Reference[],
): Entity {
  return {
    "@id": `#data-${name}-${languages.source}-${languages.target}`,
    "@type": "Collection",
    name,
    description,
    creditText: citation.length === 0 ? undefined : citation.join("\n"),
    license: licences.map((term) => ({ "@id": licence(term)["@id"] })),
    inLanguage: [languages.source, languages.target],
    hasPart,
  };
}

/** A file or package of a data set: on the web where it has an address there; `fetched` is when it was fetched. */
export function dataFile(
  { name, uri, mediaType, terms, digest: { sha256, sha512 }, bytes }: DataFile,
  fetched: string | undefined,
): Entity {
  const properties = {
    name,
    encodingFormat: mediaType,
    contentSize: bytes === undefined ? undefined : String(bytes),
    license: terms && { "@id": licence(terms)["@id"] },
  };
  if (uri === undefined && sha256 !== undefined) {
    return described(sha256, properties);
  }
  const isOnWeb = uri?.startsWith("http") === true;
  return {
    "@id": uri ?? `#file-${encodeURIComponent(name)}`,
    "@type": isOnWeb ? "File" : "CreativeWork",
    ...properties,
    sdDatePublished: isOnWeb ? timeOf(fetched) : undefined,
    sha256,
    identifier: sha512 === undefined ? undefined : `sha512:${sha512}`,
  };
}

/** The stage of a node, in the version that made it: the hash of its code, told by the manifest, which is at `url`. */
export function tool(
  { record: { preimage } }: MadeNode,
  url: Reference,
): Entity {
  const { stage, code } = preimage;
  return {
    "@id": `#stage-${stage}-${code.slice(0, 12)}`,
    "@type": "SoftwareApplication",
    name: stage,
    description: `stages/${stage}.ts and all that it imports`,
    version: code,
    url,
  };
}

export function step(
  { name }: MadeNode,
  position: number,
  workExample: Reference,
): Entity {
  return {
    "@id": `#step-${encodeURIComponent(name)}`,
    "@type": "HowToStep",
    name,
    position,
    workExample,
  };
}

/** What happened: a stage read, and left. */
export function action(
  { name, making, record: { key, preimage } }: MadeNode,
  links: {
    readonly instrument: Reference;
    readonly object: readonly Reference[];
    readonly result: readonly Reference[];
  },
): Entity {
  const { config, seed, environment } = preimage;
  return {
    "@id": `#run-${encodeURIComponent(name)}`,
    "@type": "CreateAction",
    name: `run of ${name}`,
    description: JSON.stringify({ key, config, seed, environment }),
    startTime: timeOf(making?.began),
    endTime: timeOf(making?.ended),
    ...links,
  };
}

export function control(
  { name }: MadeNode,
  instrument: Reference,
  object: Reference,
): Entity {
  return {
    "@id": `#control-${encodeURIComponent(name)}`,
    "@type": "ControlAction",
    name: `the engine runs ${name}`,
    instrument,
    object,
  };
}

export function metrics(node: string, figures: Metrics): Entity[] {
  return Object.entries(figures).map(([name, value]) => ({
    "@id": `#metric-${encodeURIComponent(node)}-${encodeURIComponent(name)}`,
    "@type": "PropertyValue",
    name,
    value,
  }));
}

/** What ran the stages: the project's engine on Deno, with the machines that it was on. */
export function engine(nodes: readonly MadeNode[]): Entity {
  const machines = nodes.flatMap(({ making }) => making?.machine ?? [])
    .map((machine) => JSON.stringify(machine));
  const unique = [...new Set(machines)];
  return {
    "@id": "#engine",
    "@type": "SoftwareApplication",
    name: "the engine of the pipeline, on Deno",
    version: denoVersion(nodes) ?? "not recorded",
    url: "https://deno.com/",
    description: unique.length === 0
      ? undefined
      : `On ${unique.length === 1 ? "the machine" : "the machines"} ${
        unique.join(", ")
      }`,
  };
}

/** With the offset from UTC that the profiles ask for. */
export function timeOf(time: string | undefined): string | undefined {
  return time?.replace(/Z$/, "+00:00");
}

/** A path as a relative URI. */
export function idOf(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
