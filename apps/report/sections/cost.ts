/** Where the time went, and what the same would cost again. */
import { format as formatBytes } from "@std/fmt/bytes";
import { duration } from "../../../base/durations.ts";
import { quoted } from "../../../base/shell_word.ts";
import { type Markup, markup } from "../html/markup.ts";
import { figure } from "../html/numbers.ts";
import { sortableTable } from "../html/table.ts";
import { view } from "../html/view.ts";
import type { ReportNode } from "../nodes.ts";
import type { Source } from "../source.ts";
import { stageOf } from "./dag.ts";
import { factList, machineText } from "./summary.ts";

export interface Times {
  /** The nodes whose time is known, the longest first. */
  readonly timed: readonly {
    readonly node: ReportNode;
    readonly seconds: number;
  }[];
  /** Of all of these, one after the other. */
  readonly seconds: number;
  /** Of the nodes that wait for each other longest. */
  readonly chain: number;
}

export function timesOf(nodes: readonly ReportNode[]): Times {
  const timed = nodes.flatMap((node) =>
    node.seconds === undefined ? [] : [{ node, seconds: node.seconds }]
  ).sort((a, b) => b.seconds - a.seconds);
  return {
    timed,
    seconds: sum(timed.map(({ seconds }) => seconds)),
    chain: longestChain(nodes),
  };
}

/** The command that estimates what all nodes cost again. */
export function estimateCommand(
  { given, settings }: Pick<Source, "given" | "settings">,
): string {
  const words = [
    "--experiment",
    given,
    ...settings.flatMap((setting) => ["--set", setting]),
    "--force",
    "--dry-run",
  ];
  return `deno task pipeline ${words.map(quoted).join(" ")}`;
}

/** Undefined where no node's time is known. */
export function cost(
  source: Source,
  nodes: readonly ReportNode[],
): Markup | undefined {
  const { machines } = source.results;
  const { timed, seconds, chain } = timesOf(nodes);
  if (timed.length === 0) return undefined;
  const bytes = sum(nodes.map(({ bytes }) => bytes ?? 0));
  const unknown = nodes.length - timed.length;
  return markup`${
    factList([
      ["all nodes, one after the other", duration(seconds)],
      ["the longest chain of nodes", duration(chain)],
      ["files", formatBytes(bytes)],
      ["on", [...new Set(machines.map(machineText))].join("; ") || undefined],
      ["nodes of unknown time", unknown === 0 ? undefined : String(unknown)],
    ])
  }<p>The time again lies between the longest chain and the sum, by how many nodes run at once. <code>${
    estimateCommand(source)
  }</code> estimates it for your machine; without <code>--dry-run</code> it runs.</p>
${
    view(
      "times",
      timed.map(({ node: { name, stage }, seconds }) => ({
        ...{ node: name, stage, seconds },
      })),
      { caption: "The nodes that took longest" },
    )
  }${stageTable(nodes, seconds)}`;
}

function stageTable(nodes: readonly ReportNode[], all: number): Markup {
  const number = (text: string, value: number) => ({ text, value });
  return sortableTable(
    "By stage",
    ["stage", "nodes", "time", "of all", "files"],
    [...Map.groupBy(nodes, stageOf)].map(([stage, nodes]) => {
      const seconds = sum(nodes.map(({ seconds }) => seconds ?? 0));
      const bytes = sum(nodes.map(({ bytes }) => bytes ?? 0));
      return [
        { text: stage, value: stage },
        number(String(nodes.length), nodes.length),
        number(duration(seconds), seconds),
        number(`${figure(100 * seconds / all, 0)} %`, seconds),
        number(formatBytes(bytes), bytes),
      ];
    }),
  );
}

/** Seconds of the nodes that wait for each other longest: what a run takes at least. */
function longestChain(nodes: readonly ReportNode[]): number {
  const ends = new Map<string, number>();
  // Each node comes after its inputs.
  for (const { name, seconds = 0, inputs } of nodes) {
    const before = Object.values(inputs).map((input) => ends.get(input) ?? 0);
    ends.set(name, seconds + Math.max(0, ...before));
  }
  return Math.max(0, ...ends.values());
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
