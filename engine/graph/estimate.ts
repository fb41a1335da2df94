/** Types of the estimate of time, disk and memory: what a pipeline gets to estimate a run from, and what it returns. */
import type { Json, Metrics } from "../../schemas/manifest.ts";

/** The part of a node that its running time depends on. */
export interface Step {
  readonly stage: string;
  /** After defaults. */
  readonly config: Json;
  /** The node behind each input. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Of its result, where there is one. */
  readonly metrics?: Metrics;
}

export type Steps = ReadonlyMap<string, Step>;

/** What is known before a run. */
export interface Outlook {
  /** The artifact folder. */
  readonly artifacts: string;
  readonly nodes: Steps;
  /** The nodes that are to be made. */
  readonly stale: readonly string[];
  /** The nodes that the manifest records, stale or not. */
  readonly recorded: Steps;
  /** Seconds that recorded nodes took on this machine, by name. */
  readonly seconds: ReadonlyMap<string, number>;
}

export interface Estimate {
  readonly seconds: number;
  /** On the disk. */
  readonly bytes: number;
  /** Bytes that the disk has left. */
  readonly freeBytes: number;
  /** The most memory of a node: the largest of `memory`. */
  readonly memoryBytes: number;
  /** Bytes of memory at most, by node; without those of which it is not known. */
  readonly memory: Readonly<Record<string, number>>;
  /** How the speed of this machine is known. */
  readonly by: string;
  /** Why this machine cannot run the first of these nodes that has a runtime; undefined where it can. */
  readonly missing?: string;
  /** Seconds by node. */
  readonly nodes: Readonly<Record<string, number>>;
  /** Nodes whose data is not known yet. */
  readonly unknown: readonly string[];
}
