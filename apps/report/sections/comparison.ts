/** Compares two runs: scores before and now, and the nodes that differ with the reasons. */
import {
  metricText,
  type NodeDifference,
} from "../../../engine/provenance/diff.ts";
import type { Against, ComparedSystem } from "../against.ts";
import { type Markup, markup } from "../html/markup.ts";
import { count, figure, signed } from "../html/numbers.ts";
import { sortableTable } from "../html/table.ts";
import { view } from "../html/view.ts";

/** The most lines shown for a node. */
const LINES = 12;

export function comparison(
  { path, experiment, systems, difference: { experiment: given, nodes, same } }:
    Against,
): Markup {
  return markup`<p>Before is <code>${path}</code>, a run of ${experiment}. Nodes that are the same in both: ${same}; that differ: ${nodes.length}.</p>
${scorePlot(systems)}${scoreTable(systems)}${
    lines("experiment", "changed", given)
  }${nodes.map(nodeChanges)}${onlyIn(nodes, "added")}${
    onlyIn(nodes, "removed")
  }`;
}

function scorePlot(systems: readonly ComparedSystem[]): Markup | undefined {
  const both = systems.flatMap(({ name, before, now }) =>
    before === undefined || now === undefined ? [] : [{
      system: name,
      before: before.bleu.score,
      now: now.bleu.score,
    }]
  );
  return both.length === 0
    ? undefined
    : view("changes", both, { caption: "BLEU before (open) and now (filled)" });
}

function scoreTable(systems: readonly ComparedSystem[]): Markup | undefined {
  const cell = (
    value: number | undefined,
    text: (value: number, digits: number) => string = figure,
  ) => value === undefined ? undefined : { text: text(value, 1), value };
  return systems.length === 0 ? undefined : sortableTable(
    "Systems of both runs",
    ["system", "BLEU before", "BLEU now", "change", "chrF before", "chrF now"],
    systems.map(({ name, before, now }) => [
      { text: name, value: name },
      cell(before?.bleu.score),
      cell(now?.bleu.score),
      cell(before && now && now.bleu.score - before.bleu.score, signed),
      cell(before?.chrf.score),
      cell(now?.chrf.score),
    ]),
  );
}

function nodeChanges(
  { node, change, reasons, outputs, metrics }: NodeDifference,
): Markup | undefined {
  return lines(node, change, [
    ...reasons,
    ...outputs.map((output) => `output ${output}: other bytes`),
    ...metrics.map(metricText),
  ]);
}

/** The nodes that only one of the runs has. */
function onlyIn(
  nodes: readonly NodeDifference[],
  change: NodeDifference["change"],
): Markup | undefined {
  const names = nodes.filter((node) => node.change === change)
    .map(({ node }) => node);
  return names.length === 0
    ? undefined
    : markup`<p>Nodes ${change}: ${names.join(", ")}.</p>`;
}

function lines(
  what: string,
  change: string,
  lines: readonly string[],
): Markup | undefined {
  return lines.length === 0
    ? undefined
    : markup`<details class="change"><summary><strong>${what}</strong> ${change}</summary><ul>${
      lines.slice(0, LINES).map((line) => markup`<li>${line}</li>`)
    }${
      lines.length <= LINES
        ? undefined
        : markup`<li>and ${count(lines.length - LINES, "more line")}</li>`
    }</ul></details>`;
}
