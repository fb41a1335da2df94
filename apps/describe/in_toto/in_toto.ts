/** An in-toto statement with SLSA provenance: which artifacts were built, from what, by whom and when. */
import { hashOf, type Json } from "../../../schemas/manifest.ts";
import type { DataSet } from "../data.ts";
import { parsePackage } from "../packages.ts";
import type { MadeNode } from "../made_node.ts";
import { denoVersion, type Described, filesOf, spanOf } from "../record.ts";

/** The version of how the parameters below are to be understood; docs/how-to/standards.md says how. */
const BUILD_TYPE = "urn:ckd:pipeline:v1";
const BUILDER = "urn:ckd:deno";

export interface Statement {
  readonly _type: "https://in-toto.io/Statement/v1";
  readonly subject: readonly Resource[];
  readonly predicateType: "https://slsa.dev/provenance/v1";
  readonly predicate: {
    readonly buildDefinition: {
      readonly buildType: string;
      readonly externalParameters: Record<string, Json>;
      readonly internalParameters: Record<string, Json>;
      readonly resolvedDependencies: readonly Resource[];
    };
    readonly runDetails: {
      readonly builder: {
        readonly id: string;
        readonly version?: Readonly<Record<string, string>>;
      };
      readonly metadata?: {
        readonly startedOn: string;
        readonly finishedOn: string;
      };
      readonly byproducts: readonly Resource[];
    };
  };
}

/** `ResourceDescriptor` of in-toto. */
interface Resource {
  readonly name: string;
  readonly uri?: string;
  readonly digest?: Readonly<Record<string, string>>;
  readonly mediaType?: string;
  readonly annotations?: Readonly<Record<string, Json>>;
}

/**
 * The statement on the described nodes: their outputs are what was built, with data, packages and code of all that they
 * were made of; what was made on the way is a by-product.
 */
export function statement(described: Described): Statement {
  const { manifest: { experiment }, nodes, lineage, data } = described;
  const asked = new Set(nodes.map(({ name }) => name));
  const between = lineage.filter(({ name }) => !asked.has(name));
  const span = spanOf(lineage);
  const deno = denoVersion(lineage);
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject: nodes.flatMap(outputsOf),
    predicateType: "https://slsa.dev/provenance/v1",
    predicate: {
      buildDefinition: {
        buildType: BUILD_TYPE,
        externalParameters: {
          experiment: { ...experiment },
          nodes: nodes.map(({ name }) => name),
        },
        internalParameters: {
          nodes: Object.fromEntries(lineage.map(parametersOf)),
        },
        resolvedDependencies: [
          ...data.flatMap(dataOf),
          ...namedFiles(described),
          ...codeOf(described),
        ],
      },
      runDetails: {
        builder: {
          id: BUILDER,
          version: deno === undefined ? undefined : { deno },
        },
        metadata: span &&
          { startedOn: span.began, finishedOn: span.ended },
        byproducts: between.flatMap(outputsOf),
      },
    },
  };
}

/** Every file; of a folder, its listing too, whose SHA-256 is the one by which the project knows it. */
function outputsOf(node: MadeNode): Resource[] {
  return node.outputs.flatMap((output) => {
    const { path, artifact: { sha256, mediaType, folder } } = output;
    const listing: Resource[] = folder
      ? [{
        name: `${path}.files.json`,
        digest: { sha256 },
        mediaType: "application/json",
      }]
      : [];
    const files = filesOf(output).map((file): Resource => ({
      name: file.path,
      digest: { sha256: file.sha256 },
      mediaType: folder ? undefined : mediaType,
      annotations: { bytes: file.bytes },
    }));
    return [...listing, ...files];
  });
}

function parametersOf({ name, record: { key, preimage } }: MadeNode) {
  const { stage, config, seed, environment } = preimage;
  return [name, { key, stage, config, seed, environment }] as const;
}

function dataOf({ name: dataSet, files }: DataSet): Resource[] {
  return files.map(({ name, uri, terms, digest, bytes }) => ({
    name: `${dataSet}/${name}`,
    uri,
    digest: defined(digest),
    annotations: {
      licence: terms?.licence ?? "not known",
      ...bytes === undefined ? {} : { bytes },
    },
  }));
}

/** The files that configs name: descriptors of data, mostly. */
function namedFiles({ lineage }: Described): Resource[] {
  const files = new Map(
    lineage.flatMap(({ record }) => Object.entries(record.preimage.files)),
  );
  return [...files]
    .map(([name, content]) => ({ name, digest: { sha256: hashOf(content) } }));
}

/**
 * The code of each stage, by the hash of what the manifest has of it (modules by meaning, packages by version and
 * integrity), and every package.
 */
function codeOf({ manifest, lineage }: Described): Resource[] {
  const stages = new Map(
    lineage.map(({ record: { preimage: { stage, code } } }) => [code, stage]),
  );
  const codes = [...stages].map(([sha256, stage]): Resource => ({
    name: `code of stage ${stage}`,
    digest: { sha256 },
    mediaType: "application/json",
    annotations: { modules: { ...manifest.code[sha256].modules } },
  }));
  const packages = new Map(
    [...stages.keys()].flatMap((code) =>
      Object.entries(manifest.code[code].packages)
    ),
  );
  const used = [...packages].sort(([a], [b]) => a < b ? -1 : 1)
    .map(([id, integrity]): Resource => ({ ...parsePackage(id, integrity) }));
  return [...codes, ...used];
}

function defined(
  digest: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(digest).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]]
    ),
  );
}
