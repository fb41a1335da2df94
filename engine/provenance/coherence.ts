/** Checks that the records of a manifest agree: with each other, each language pair with one version of the code, and with the experiment. */
import {
  type Artifact,
  contentOf,
  type Json,
  type Manifest,
  type NodeRecord,
} from "../../schemas/manifest.ts";
import { printable } from "../../base/names.ts";
import type { Graph, Node } from "../graph/graph.ts";
import { isNamed, outputsRead } from "../graph/inputs.ts";
import { canonical } from "../files/hash.ts";
import { isJsonObject } from "../keys/key.ts";

/**
 * The first contradiction in a manifest, as a clause that names the nodes, or undefined. With the graph of its experiment,
 * each record has to match a node of the graph too. A missing node is not a contradiction.
 */
export function incoherence(
  manifest: Manifest,
  graph?: Graph,
): string | undefined {
  return otherInputs(manifest) ?? twoCodes(manifest) ??
    (graph && otherExperiment(manifest, graph));
}

/** The name of an input node that is missing or has other content than a node was made from; undefined if there is none. */
export function changedInput(
  { preimage, inputs }: NodeRecord,
  nodes: ReadonlyMap<string, NodeRecord>,
): string | undefined {
  return Object.entries(inputs).find(([input, source]) =>
    Object.entries(preimage.inputs[input] ?? {}).some(([output, hash]) =>
      !isContentOf(hash, nodes.get(source)?.outputs[output])
    )
  )?.[1];
}

/** A record without the inputs whose nodes are not recorded, as after a pull of few nodes: they contradict nothing. */
export function withRecordedInputs(
  record: NodeRecord,
  nodes: ReadonlyMap<string, NodeRecord>,
): NodeRecord {
  const inputs = Object.entries(record.inputs)
    .filter(([, source]) => nodes.has(source));
  return { ...record, inputs: Object.fromEntries(inputs) };
}

/** Whether a content in a preimage is that of an artifact; schema 1 did not distinguish folders from files. */
export function isContentOf(
  content: string,
  artifact: Artifact | undefined,
): boolean {
  return artifact !== undefined &&
    [artifact.sha256, contentOf(artifact)].includes(content);
}

/** Whether no value differs between two configs; one that only one has is a default that was added or removed. */
export function configsAgree(
  one: Json | undefined,
  other: Json | undefined,
): boolean {
  if (one === undefined || other === undefined) return true;
  if (!isJsonObject(one) || !isJsonObject(other)) {
    return canonical(one) === canonical(other);
  }
  return Object.keys(one).every((key) => configsAgree(one[key], other[key]));
}

function otherInputs({ nodes }: Manifest): string | undefined {
  const records = new Map(Object.entries(nodes));
  for (const [name, record] of records) {
    const { inputs, preimage } = record;
    const [named, made] = [inputs, preimage.inputs]
      .map((each) => canonical(Object.keys(each).sort()));
    if (named !== made) {
      return `the inputs of node ${
        quoted(name)
      } are not those that it was made of`;
    }
    const source = changedInput(withRecordedInputs(record, records), records);
    if (source !== undefined) {
      return `node ${quoted(name)} was made of another ${
        quoted(source)
      } than is recorded`;
    }
  }
  return undefined;
}

/**
 * Nodes that were made of each other are of one revision of the code, in which each module has one content; language pairs have
 * nothing of each other, and each may have been run elsewhere.
 */
function twoCodes({ nodes, code }: Manifest): string | undefined {
  for (const names of connectedParts(nodes)) {
    const makers = new Map(
      names.map((name) => [nodes[name].preimage.code, name]),
    );
    const seen = new Map<string, { content: string; maker: string }>();
    for (const [hash, maker] of makers) {
      const { modules = {}, packages = {} } = Object.hasOwn(code, hash)
        ? code[hash]
        : {};
      const contents = [
        ...Object.entries(modules),
        ...Object.entries(packages).map((
          [id, each],
        ) => [`package ${id}`, each]),
      ];
      for (const [path, content] of contents) {
        const before = seen.get(path);
        if (before === undefined) seen.set(path, { content, maker });
        else if (before.content !== content) {
          return `nodes ${quoted(before.maker)} and ${
            quoted(maker)
          } were made by two revisions of the code, in which ${
            quoted(path)
          } differs`;
        }
      }
    }
  }
  return undefined;
}

/** The names of nodes, those together that inputs connect: a language pair has nothing of another. */
export function connectedParts(nodes: Manifest["nodes"]): string[][] {
  // An input that is not recorded connects what was made of it, too.
  const beside = new Map<string, string[]>();
  const besideOf = (name: string) => {
    const known = beside.get(name) ?? [];
    beside.set(name, known);
    return known;
  };
  for (const [name, { inputs }] of Object.entries(nodes)) {
    for (const source of Object.values(inputs)) {
      besideOf(name).push(source);
      besideOf(source).push(name);
    }
  }
  const seen = new Set<string>();
  const parts: string[][] = [];
  for (const first of Object.keys(nodes)) {
    const part: string[] = [];
    const next = [first];
    for (let name = next.pop(); name !== undefined; name = next.pop()) {
      if (seen.has(name)) continue;
      seen.add(name);
      if (Object.hasOwn(nodes, name)) part.push(name);
      next.push(...beside.get(name) ?? []);
    }
    if (part.length > 0) parts.push(part);
  }
  return parts;
}

function otherExperiment(
  { nodes, experiment }: Manifest,
  graph: Graph,
): string | undefined {
  for (const [name, record] of Object.entries(nodes)) {
    const node = graph.get(name);
    const what = node === undefined ? "no node" : otherThan(node, record);
    if (what === undefined) continue;
    return `its experiment ${quoted(experiment.name)} has ${what} ${
      node === undefined ? "called" : "for node"
    } ${quoted(name)}${node === undefined ? "" : ", which was made otherwise"}`;
  }
  return undefined;
}

/** What a record has that its node of the graph does not ask for; undefined where it is what is asked for. */
export function otherThan(
  node: Node,
  { preimage, inputs }: NodeRecord,
): string | undefined {
  if (preimage.stage !== node.stage.name) return "another stage";
  if (preimage.seed !== node.seed) return "another seed";
  // One that the stage does not read any more is of an earlier version, and may stand for what it reads now.
  const read = Object.entries(inputs)
    .filter(([input]) => outputsRead(node.stage, input) !== undefined);
  const replaced = Object.entries(node.stage.formerly ?? {})
    .flatMap(([former, now]) => former in inputs ? [now] : []);
  const asked = Object.entries(node.inputs)
    .filter(([input]) => !replaced.some((now) => isNamed(now, input)));
  const [made, wanted] = [read, asked]
    .map((each) => canonical(Object.fromEntries(each)));
  if (made !== wanted) return "other inputs";
  return configsAgree(preimage.config, node.config)
    ? undefined
    : "another config";
}

function quoted(name: string): string {
  return `"${printable(name.slice(0, 200))}"`;
}
