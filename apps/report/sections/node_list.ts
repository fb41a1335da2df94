/** The details of each node: key, config, inputs, outputs, metrics and log. */
import { format as formatBytes } from "@std/fmt/bytes";
import { factsOf, nodeId, stageId, stageOf } from "./dag.ts";
import { type Markup, markup } from "../html/markup.ts";
import { count, figure } from "../html/numbers.ts";
import { type Log, type ReportNode, STATES } from "../nodes.ts";

/** Articles of all nodes and of each stage, of which the page shows the one that its address names, else the list of stages. */
export function nodeDetails(nodes: readonly ReportNode[]): Markup {
  const stages = Map.groupBy(nodes, stageOf);
  return markup`<div class="details">${
    [...stages].map(([stage, group]) =>
      markup`<article id="${stageId(stage)}"><h3>${stage}</h3>${
        list(group)
      }</article>${group.map(article)}`
    )
  }<article class="overview"><h3>All nodes</h3>${
    [...stages].map(([stage, group]) =>
      group.length === 1
        ? list(group)
        : markup`<ul class="list"><li><a href="#${
          stageId(stage)
        }">${stage}</a> <span class="aside">${count(group.length, "node")}, ${
          factsOf(group)
        }</span></li></ul>`
    )
  }</article></div>`;
}

function list(nodes: readonly ReportNode[]): Markup {
  return markup`<ul class="list">${
    nodes.map((node) =>
      markup`<li><a href="#${
        nodeId(node.name)
      }">${node.name}</a> <span class="aside">${factsOf([node])}</span></li>`
    )
  }</ul>`;
}

function article(node: ReportNode): Markup {
  const { name, state } = node;
  const stage = stageOf(node);
  return markup`<article id="${nodeId(name)}" class="node ${
    state.replace(" ", "-")
  }"><p class="aside"><a href="#pipeline">All nodes</a> / <a href="#${
    stageId(stage)
  }">${stage}</a></p><h3>${name}</h3>${facts(node)}</article>`;
}

function facts(node: ReportNode): Markup {
  const { state, key, time, seed, config, inputs, outputs, metrics } = node;
  const rows: readonly (readonly [string, Markup | string | undefined])[] = [
    ["state", `${factsOf([node])}: ${STATES[state]}`],
    ["key", key && markup`<code>${key}</code>`],
    ["made", time && time.replace(/\.\d+Z$/, "Z").replace("T", " ")],
    ["seed", String(seed)],
    ["inputs", inputList(inputs)],
    ["outputs", outputTable(outputs)],
    ["metrics", metricList(metrics)],
    [
      "config",
      markup`<pre tabindex="0">${JSON.stringify(config, undefined, 1)}</pre>`,
    ],
    ["log", logText(node.log)],
  ];
  return markup`<dl>${
    rows.map(([term, value]) =>
      value === undefined
        ? undefined
        : markup`<dt>${term}</dt><dd>${value}</dd>`
    )
  }</dl>`;
}

function inputList(inputs: ReportNode["inputs"]): Markup | undefined {
  const entries = Object.entries(inputs);
  return entries.length === 0
    ? undefined
    : markup`<ul>${
      entries.map(([input, source]) =>
        markup`<li>${input === source ? undefined : `${input}: `}<a href="#${
          nodeId(source)
        }">${source}</a></li>`
      )
    }</ul>`;
}

function outputTable(outputs: ReportNode["outputs"]): Markup | undefined {
  const entries = Object.entries(outputs);
  return entries.length === 0
    ? undefined
    : markup`<ul>${
      entries.map(([output, { sha256, bytes, mediaType, isThere }]) =>
        markup`<li>${output}, ${formatBytes(bytes)}, ${mediaType}${
          isThere ? undefined : markup`, <strong>not in the store</strong>`
        }<br><code>${sha256}</code></li>`
      )
    }</ul>`;
}

function metricList(metrics: ReportNode["metrics"]): Markup | undefined {
  const entries = Object.entries(metrics);
  return entries.length === 0
    ? undefined
    : markup`<ul class="metrics">${
      entries.map(([name, value]) =>
        markup`<li>${name} ${
          typeof value === "number"
            ? figure(value, Number.isInteger(value) ? 0 : 4)
            : value
        }</li>`
      )
    }</ul>`;
}

function logText(log: Log | undefined): Markup | string {
  if (log === undefined) return "none is kept here";
  const { lines, leftOut } = log;
  return markup`${
    leftOut === 0
      ? undefined
      : markup`<p class="aside">The last ${lines.length} of ${
        lines.length + leftOut
      } lines.</p>`
  }<pre tabindex="0">${lines.join("\n")}</pre>`;
}
