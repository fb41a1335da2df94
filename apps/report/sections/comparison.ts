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
import type { ScoreChange } from "../view_data.ts";

/** The most lines shown for a node. */
const LINES = 12;

export function comparison(against: Against): Markup {
  const { path, experiment, systems, difference } = against;
  const { experiment: given, nodes, same } = difference;
  return markup`<p>Before is <code>${path}</code>, a run of ${experiment}. Nodes that are the same in both: ${same}; that differ: ${nodes.length}.</p>
${scorePlot(against)}${scoreTable(systems)}${
    lines("experiment", "changed", given)
  }${nodes.map(nodeChanges)}${onlyIn(nodes, "added")}${
    onlyIn(nodes, "removed")
  }`;
}

/** BLEU of the systems that both runs have. */
function scoresOf({ systems }: Against): ScoreChange[] {
  return systems.flatMap(({ name, before, now }) =>
    before === undefined || now === undefined ? [] : [{
      system: name,
      before: before.bleu.score,
      now: now.bleu.score,
    }]
  );
}

/** The systems whose BLEU is another, at one digit or more. */
export function scoreChanges(against: Against): ScoreChange[] {
  return scoresOf(against).filter(({ before, now }) =>
    Math.abs(now - before) >= 0.05
  );
}

/** What differs of a node by itself, not by what it is made of. */
export function causesOf({ change, reasons }: NodeDifference): string[] {
  return change === "changed"
    ? reasons.filter((reason) => !reason.startsWith("input "))
    : [change];
}

function scorePlot(against: Against): Markup | undefined {
  const both = scoresOf(against);
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

function nodeChanges(difference: NodeDifference): Markup | undefined {
  const { node, change, reasons, outputs, metrics } = difference;
  const isCause = causesOf(difference).length > 0;
  return lines(node, change, [
    ...reasons,
    ...outputs.map((output) => `output ${output}: other bytes`),
    ...metrics.map(metricText),
  ], isCause);
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
  isOpen = false,
): Markup | undefined {
  return lines.length === 0
    ? undefined
    : markup`<details class="change"${
      isOpen ? markup` open` : undefined
    }><summary><strong>${what}</strong> ${change}</summary><ul>${
      lines.slice(0, LINES).map((line) => markup`<li>${line}</li>`)
    }${
      lines.length <= LINES
        ? undefined
        : markup`<li>and ${count(lines.length - LINES, "more line")}</li>`
    }</ul></details>`;
}
