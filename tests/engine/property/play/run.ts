/** Runs the engine on a world, and compares what it reports and records with what is expected. */
import { assert, assertEquals } from "@std/assert";
import { manifestPath } from "../../../../engine/store/manifest.ts";
import { openProject } from "../../../../engine/keys/project.ts";
import type { NodeReport } from "../../../../engine/run/node_record.ts";
import { run, type RunReport } from "../../../../engine/run/runner.ts";
import type { Selection } from "../../../../engine/graph/selection.ts";
import { type Expectation, plain, shaOf, sizeOf } from "../check/made.ts";
import {
  executorHere,
  experimentOf,
  graphOf,
  type Meanwhile,
} from "../model/pipeline.ts";
import type { Happen } from "./moments.ts";
import type { Config, World } from "../model/world.ts";

export interface Run {
  /** Names of the nodes whose stages ran, in the order in which they were started. */
  readonly ran: readonly string[];
  readonly report: RunReport;
}

export interface RunEngineOptions {
  readonly root: string;
  readonly artifacts: string;
  readonly world: World;
  readonly jobs: number;
  readonly selection?: Selection;
  readonly force?: boolean;
  readonly meanwhile?: Meanwhile;
  /** Called when nodes start and end, and at the moments between. */
  readonly start?: (node: string) => void;
  readonly end?: (report: NodeReport) => void;
  readonly happen?: Happen;
  readonly signal?: AbortSignal;
  /** Whether a stage's process ends without a result where the user stops the run. */
  readonly isInterruptible?: boolean;
}

export async function runEngine(options: RunEngineOptions): Promise<Run> {
  const { root, artifacts, world, jobs, selection = {}, force = false } =
    options;
  const { meanwhile, signal } = options;
  const { start, end, happen = () => {}, isInterruptible = false } = options;
  const ran: string[] = [];
  const experiment = experimentOf(root, world);
  const report = await run(graphOf(root, world, experiment, meanwhile), {
    artifacts,
    artifactsGiven: true,
    experiment: { name: "property", value: experiment },
    selection,
    force,
    paranoid: false,
    jobs,
    shareCores: true,
    executor: executorHere({
      start: (node) => {
        ran.push(node);
        start?.(node);
      },
      happen,
      isInterruptible,
    }),
    project: openProject(root),
    watcher: {
      start: (node) => {
        happen("before a node starts", node);
        setTimeout(() => happen("while its data are copied", node));
      },
      progress() {},
      log() {},
      end: (report) => {
        end?.(report);
        happen("after it ended", report.name);
      },
      notice: (line) => {
        if (line.includes("waiting for it to end")) {
          happen("while the run waits for its lock", "");
        }
      },
    },
    signal,
  });
  return { ran, report };
}

export function manifestOf(artifacts: string): string {
  return Deno.readTextFileSync(manifestPath(artifacts));
}

/** Nodes of equal descriptions are one piece of work, which any of them may do where several run at once. */
export function checkRan(
  names: readonly string[],
  expected: readonly Expectation[],
  expectations: readonly Expectation[],
  jobs: number,
): void {
  const had = expected.map(({ name }) => name);
  const what = "nodes that ran and nodes that had to";
  if (jobs === 1) return assertEquals(names, had, what);
  const descriptions = new Map(
    expectations.map(({ name, description }) => [name, description]),
  );
  const twins = (name: string) =>
    expectations.filter(({ description }) =>
      description === descriptions.get(name)
    ).map(({ name }) => name).join(" or ");
  assertEquals(names.map(twins).sort(), had.map(twins).sort(), what);
}

export interface Recorded {
  readonly metrics: unknown;
  readonly outputs: Readonly<
    Record<string, { readonly sha256: string; readonly bytes: number }>
  >;
}

export interface NodeRecord extends Recorded {
  readonly key: string;
  readonly inputs: unknown;
  readonly preimage: {
    readonly stage: string;
    readonly code: string;
    readonly config: Config;
    readonly inputs: Readonly<Record<string, Readonly<Record<string, string>>>>;
    readonly files: Readonly<Record<string, string>>;
    readonly seed: number;
    readonly environment: number | null;
  };
}

/** The records by node; `text` is that of the manifest. */
export function checkReport(
  { ran, report }: Run,
  text: string,
  expectations: readonly Expectation[],
): Readonly<Record<string, NodeRecord>> {
  const { nodes }: { nodes: Record<string, NodeRecord> } = JSON.parse(text);
  const names = expectations.map(({ name }) => name);
  assert(!report.interrupted);
  assertEquals(Object.keys(nodes), [...names].sort(), "nodes recorded");
  assertEquals(
    report.nodes.map(({ name, state, error }) => [
      name,
      error === undefined ? state : `${state}: ${error.message}`,
    ]),
    names.map((name) => [name, ran.includes(name) ? "ran" : "cached"]),
    "states that are reported",
  );
  expectations.forEach((expectation, i) => {
    checkMade(report.nodes[i], expectation);
    checkMade(nodes[expectation.name], expectation);
  });
  return nodes;
}

/** `name` names the node in messages. */
export function checkMade(
  found: Recorded,
  { name, made }: Pick<Expectation, "name" | "made">,
): void {
  const outputs = Object.entries(found.outputs)
    .map(([output, { sha256, bytes }]) => [output, sha256, bytes]);
  const contents = Object.entries(made.outputs)
    .map(([output, content]) => [output, shaOf(content), sizeOf(content)]);
  assertEquals(outputs.sort(), contents.sort(), `outputs of ${name}`);
  assertEquals(found.metrics, made.metrics, `metrics of ${name}`);
}

/** What the engine recorded, by description. */
export interface Records {
  readonly keys: Map<string, string>;
  readonly texts: Map<string, string>;
}

/** Equal descriptions have equal records, others have other keys. */
export function checkRecord(
  { inputs: _, ...record }: NodeRecord,
  description: string,
  { keys, texts }: Records,
): void {
  const text = plain(record);
  const known = texts.get(description);
  if (known !== undefined) {
    return assertEquals(text, known, "record of a description seen before");
  }
  const others = [...keys].filter(([other, key]) =>
    key === record.key && other !== description
  );
  assertEquals(others, [], `other descriptions of one key, of ${description}`);
  keys.set(description, record.key);
  texts.set(description, text);
}
