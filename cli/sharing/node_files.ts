/** The files that a node of the last run made, by the names that a user knows. */
import { join } from "@std/path";
import { inputError, suggestion } from "../../base/input_error.ts";
import { jsonIfValid, readIfThere } from "../../engine/files/atomic.ts";
import { failure } from "../../engine/files/failure.ts";
import { sha256 } from "../../engine/files/hash.ts";
import { whyOutdated } from "../../engine/provenance/outdated.ts";
import { commandToRun } from "../../engine/store/command_to_run.ts";
import type { Workspace } from "../../engine/store/workspace.ts";
import { type Artifact, Listing } from "../../schemas/manifest.ts";
import { SUBWORDS, subwordsOf } from "../../schemas/subwords.ts";

/** A file of an artifact and where it goes below the user's folder. */
export interface NodeFile {
  readonly node: string;
  readonly source: string;
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

/**
 * The files of a node's outputs by their names; those of a folder that is the only output, without its name. `verb` is what
 * is done with them, as an error says it.
 */
export function filesOfNode(
  workspace: Workspace,
  wanted: string,
  verb: "get" | "push",
): NodeFile[] {
  const outputs = outputsNamed(workspace, wanted);
  for (const { node } of outputs) {
    const why = whyOutdated(workspace, node);
    if (why !== undefined) {
      throw inputError(`Cannot ${verb} "${node}": ${why}.`);
    }
  }
  return outputs.flatMap(({ node, name, artifact }) => {
    const source = workspace.store.path(artifact);
    if (!artifact.folder) {
      const path = name + (EXTENSIONS[artifact.mediaType] ?? "");
      const { sha256, bytes } = artifact;
      return [{ node, source, path, sha256, bytes }];
    }
    const text = readIfThere(workspace.store.listingPath(artifact));
    if (text === undefined) throw broken(workspace, node, "missing");
    const listing = Listing.safeParse(jsonIfValid(text)).data;
    if (listing === undefined || sha256(text) !== artifact.sha256) {
      throw broken(workspace, node, "damaged");
    }
    const prefix = outputs.length === 1 ? "" : `${name}/`;
    return listing.map((file) => ({
      ...file,
      node,
      source: join(source, file.path),
      path: prefix + file.path,
    }));
  });
}

const EXTENSIONS: Readonly<Record<string, string>> = {
  "application/json": ".json",
  "application/vnd.safetensors": ".safetensors",
  "text/plain": ".txt",
  "text/tab-separated-values": ".tsv",
};

interface NamedOutput {
  readonly node: string;
  readonly name: string;
  readonly artifact: Artifact;
}

/** The outputs that NODE or NODE/OUTPUT means; a model comes with the subwords that it needs. */
function outputsNamed(
  { manifest, folder }: Workspace,
  wanted: string,
): NamedOutput[] {
  const nodes = manifest?.nodes ?? {};
  const of = (node: string): NamedOutput[] =>
    Object.entries(nodes[node]?.outputs ?? {})
      .map(([name, artifact]) => ({ node, name, artifact }));
  if (Object.hasOwn(nodes, wanted)) {
    const found = of(wanted);
    const subwords = subwordsOf(nodes, wanted);
    return [
      ...found,
      ...subwords === undefined
        ? []
        : of(subwords).filter(({ name }) => name === SUBWORDS),
    ];
  }
  const all = Object.keys(nodes).flatMap(of);
  const one = all.filter(({ node, name }) => `${node}/${name}` === wanted);
  if (one.length > 0) return one;
  const names = [
    ...Object.keys(nodes),
    ...all.map(({ node, name }) => `${node}/${name}`),
  ];
  const hint = suggestion(wanted, names).replace(/\?$/, "") ||
    `; there are ${Object.keys(nodes).join(", ") || "none"}`;
  throw inputError(
    `Cannot get "${wanted}": it is no node of the last run in "${folder}"${hint}.`,
  );
}

/** The failure of a file of a node that cannot be used as it is. */
export function broken(
  workspace: Workspace,
  node: string,
  condition: string,
): Error {
  return failure(
    `Cannot copy what "${node}" made: it is ${condition} in the artifact folder; make it again with "${
      commandToRun(workspace, ["--force", node])
    }".`,
  );
}
