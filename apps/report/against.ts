/** Compares the run of a report with another manifest: their differences and the scores in both. */
import { withPair } from "../../schemas/subwords.ts";
import {
  differenceOf,
  type ManifestDifference,
} from "../../engine/provenance/diff.ts";
import { readNamedManifest } from "../../engine/store/manifest.ts";
import { systemsIn } from "../results/gather.ts";
import type { System } from "../../schemas/results.ts";
import type { Source } from "./source.ts";

export interface Against {
  /** The manifest as it was named. */
  readonly path: string;
  readonly experiment: string;
  readonly systems: readonly ComparedSystem[];
  readonly difference: ManifestDifference;
}

export interface ComparedSystem {
  /** With its language pair where there are several. */
  readonly name: string;
  readonly before?: System;
  readonly now?: System;
}

/** `path` is of the manifest that counts as the earlier one; one that cannot be read is an input error. */
export function compareWith(
  { manifest, results, graph }: Source,
  path: string,
): Against {
  const other = readNamedManifest(path);
  const nameOf = ({ pair, system }: System) => withPair(pair, system);
  const byName = (systems: readonly System[]) =>
    new Map(systems.map((system) => [nameOf(system), system]));
  const before = byName(systemsIn(other, { measured: {} }, [...graph.keys()]));
  const now = byName(results.systems);
  return {
    path,
    experiment: other.experiment.name,
    systems: [...new Set([...now.keys(), ...before.keys()])].map((name) => ({
      name,
      before: before.get(name),
      now: now.get(name),
    })),
    difference: differenceOf(other, manifest),
  };
}
