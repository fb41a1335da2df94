/** Whether the licences of what a model was made of let others have it. */
import { basename, resolve } from "@std/path";
import { z } from "zod";
import { whyNotPassedOn } from "../nmt/text/descriptors/redistribution.ts";
import type { ExportConfig, Licence } from "../schemas/exported_model.ts";
import type { Manifest } from "../schemas/manifest.ts";

/** What to do about licences, as the end of a sentence. */
export interface Remedies {
  readonly unstated: string;
  readonly forbidden: string;
}

/** Why one of the licences does not let others have the model, as the end of a sentence; undefined where all do. */
export function whyNotForOthers(
  licences: readonly Licence[],
  remedies: Remedies,
): string | undefined {
  for (const { data, licence } of licences) {
    const why = licence.trim() === ""
      ? "is not stated"
      : whyNotPassedOn(licence);
    if (why === undefined) continue;
    return why === "is not stated"
      ? `the licence of "${data}" ${why}, and without one nobody may pass it on; ${remedies.unstated}`
      : `the licence of "${data}", "${licence}", ${why}; ${remedies.forbidden}`;
  }
}

const Imported = z.object({
  imported: z.object({
    from: z.union([z.string(), z.object({ descriptor: z.string() })]),
    licence: z.string().optional(),
  }),
});

/**
 * The licences of what a node's export was made of: those that were recorded as it was exported, and those of the public model
 * that is its teacher, which are "not stated" where nothing recorded them. Of a user's own files without a licence nothing is
 * known, and nothing is said.
 */
export function licencesOfExport(
  { nodes }: Pick<Manifest, "nodes">,
  node: string,
  { licences }: Pick<ExportConfig, "licences">,
): Licence[] {
  const { imported } = Imported.safeParse(nodes[node].preimage.config).data ??
    {};
  if (imported === undefined || imported.licence !== undefined) return licences;
  const { from } = imported;
  const data = typeof from === "string"
    ? basename(resolve(from))
    : basename(from.descriptor).replace(/\.json$/, "");
  // A path is fetched by no node.
  const fetched = typeof from === "string" ? [] : fetchedLicences(nodes, node);
  const stated = fetched.length === 0 ? ["not stated"] : fetched;
  return [...licences, ...stated.map((licence) => ({ data, licence }))];
}

/** The licences of the model's files that were fetched for a node, through the inputs that it and others were made of. */
function fetchedLicences(nodes: Manifest["nodes"], node: string): string[] {
  const reached = new Set([node]);
  // A set that grows goes on with what is added.
  for (const name of reached) {
    for (const source of Object.values(nodes[name]?.inputs ?? {})) {
      reached.add(source);
    }
  }
  return [...reached].flatMap((name) => {
    const { preimage, metrics: { fileLicences = undefined } = {} } =
      nodes[name] ?? {};
    return preimage?.stage === "fetch-model" && fileLicences !== undefined
      ? String(fileLicences).split(", ")
      : [];
  });
}
