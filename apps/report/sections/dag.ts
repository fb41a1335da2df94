/** Draws the graph of nodes downwards: boxes with state, time and size, linked to the details of each node. */
import { withPair } from "../../../schemas/subwords.ts";
import { Graph as Layout, layout } from "@dagrejs/dagre";
import { format as formatBytes } from "@std/fmt/bytes";
import { duration } from "../../../base/durations.ts";
import { type Markup, markup } from "../html/markup.ts";
import { count } from "../html/numbers.ts";
import { type NodeState, type ReportNode } from "../nodes.ts";

/** Nodes of a stage that stand side by side; more are one box. */
const SIDE_BY_SIDE = 2;
const LINE = { title: 6.9, detail: 5.9, padding: 26, height: 38 };

/** Nodes that are drawn as one. */
interface Box {
  readonly id: string;
  readonly title: string;
  readonly href: string;
  readonly nodes: readonly ReportNode[];
}

/** A mark for each state, so that colour is not all that tells it. */
const MARKS: Readonly<Record<NodeState, string>> = {
  ran: "●",
  cached: "○",
  committed: "○",
  outdated: "◐",
  failed: "✕",
  skipped: "–",
  "not run": "·",
};

/** Those that matter most first. */
const ORDER: readonly NodeState[] = [
  "failed",
  "skipped",
  "not run",
  "outdated",
  "ran",
  "cached",
  "committed",
];

export function graphPicture(nodes: readonly ReportNode[]): Markup {
  const boxes = boxesOf(nodes);
  const edges = neededEdges(boxes);
  const graph = new Layout();
  graph.setGraph({
    rankdir: "TB",
    nodesep: 10,
    ranksep: 22,
    edgesep: 6,
    marginx: 2,
    marginy: 2,
  });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const box of boxes) {
    const width = LINE.padding + Math.max(
      box.title.length * LINE.title,
      factsOf(box.nodes).length * LINE.detail,
    );
    graph.setNode(box.id, { width, height: LINE.height });
  }
  for (const { from, to } of edges) graph.setEdge(from, to);
  layout(graph);
  const { width = 0, height = 0 } = graph.graph();
  const paths = graph.edges().map((edge) =>
    pathOf(graph.edge(edge).points ?? [])
  );
  const size = { width: Math.ceil(width), height: Math.ceil(height) };
  return markup`<svg class="graph" width="${size.width}" height="${size.height}" viewBox="0 0 ${size.width} ${size.height}" role="group" aria-label="The pipeline as a graph of ${
    count(nodes.length, "node")
  }"><path class="edges" d="${paths.join("")}"/>${
    boxes.map((box) => {
      const { x = 0, y = 0, width = 0, height = 0 } = graph.node(box.id);
      return boxMarkup(box, x - width / 2, y - height / 2, width, height);
    })
  }</svg>`;
}

function boxMarkup(
  box: Box,
  x: number,
  y: number,
  width: number,
  height: number,
): Markup {
  const state = stateOf(box.nodes);
  const [left, top] = [x + 9, y + 16].map((at) => at.toFixed(1));
  return markup`<a href="#${box.href}" class="box ${
    state.replace(" ", "-")
  }"><rect x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${
    width.toFixed(1)
  }" height="${height}" rx="5"/><text x="${left}" y="${top}" class="title">${box.title}</text>
<text x="${left}" y="${
    (y + 30).toFixed(1)
  }" class="detail"><tspan class="mark" aria-hidden="true">${
    MARKS[state]
  }</tspan> ${factsOf(box.nodes)}</text></a>`;
}

/** States, time and size of some nodes: `ran, 1m 05s, 13 MB`, or `1 ran, 2 cached, 1m 05s, 13 MB`. */
export function factsOf(nodes: readonly ReportNode[]): string {
  const seconds = nodes.flatMap(({ seconds }) => seconds ?? []);
  const bytes = nodes.flatMap(({ bytes }) => bytes ?? []);
  const sum = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0);
  const states = ORDER.flatMap((state) => {
    const number = nodes.filter((node) => node.state === state).length;
    if (number === 0) return [];
    return [number === nodes.length ? state : `${number} ${state}`];
  });
  return [
    ...states,
    ...seconds.length > 0 ? [duration(sum(seconds))] : [],
    ...bytes.length > 0 ? [formatBytes(sum(bytes))] : [],
  ].join(", ");
}

/** The state that matters most. */
function stateOf(nodes: readonly ReportNode[]): NodeState {
  return ORDER.find((state) => nodes.some((node) => node.state === state)) ??
    "not run";
}

function boxesOf(nodes: readonly ReportNode[]): Box[] {
  const stages = Map.groupBy(nodes, stageOf);
  return [...stages].flatMap(([stage, group]): Box[] =>
    group.length <= SIDE_BY_SIDE
      ? group.map((node) => ({
        id: node.name,
        title: node.name,
        href: nodeId(node.name),
        nodes: [node],
      }))
      : [{
        id: stage,
        title: `${stage} × ${group.length}`,
        href: stageId(stage),
        nodes: group,
      }]
  );
}

/** What a node is listed under: its stage, that of a trial apart, within its language pair. */
export function stageOf({ stage, trialOf, pair }: ReportNode): string {
  return withPair(pair, trialOf === undefined ? stage : "trial");
}

export const nodeId = (name: string) => `node-${idOf(name)}`;
export const stageId = (stage: string) => `stage-${idOf(stage)}`;
const idOf = (name: string) => name.replace(/[^\w.@-]/g, "-");

interface Edge {
  readonly from: string;
  readonly to: string;
}

/** The edges between boxes, without those that a longer way says already: a picture of all would be a tangle. */
function neededEdges(boxes: readonly Box[]): Edge[] {
  const boxOf = new Map(
    boxes.flatMap(({ id, nodes }) => nodes.map(({ name }) => [name, id])),
  );
  const before = new Map(
    boxes.map(({ id, nodes }) => {
      const sources = nodes.flatMap(({ inputs }) => Object.values(inputs))
        .map((name) => boxOf.get(name) ?? name);
      return [id, new Set(sources.filter((source) => source !== id))];
    }),
  );
  const reaches = new Map<string, Set<string>>();
  const above = (id: string): Set<string> => {
    const known = reaches.get(id);
    if (known !== undefined) return known;
    const found = new Set<string>();
    reaches.set(id, found);
    for (const source of before.get(id) ?? []) {
      found.add(source);
      for (const further of above(source)) found.add(further);
    }
    return found;
  };
  return [...before].flatMap(([to, sources]) =>
    [...sources]
      .filter((from) =>
        ![...sources].some((other) => other !== from && above(other).has(from))
      )
      .map((from) => ({ from, to }))
  );
}

/** A smooth line through the points, downwards at each. */
function pathOf(
  points: readonly { readonly x: number; readonly y: number }[],
): string {
  return points.map(({ x, y }, i) => {
    const to = `${x.toFixed(1)} ${y.toFixed(1)}`;
    if (i === 0) return `M${to}`;
    const before = points[i - 1];
    const half = ((y + before.y) / 2).toFixed(1);
    return `C${before.x.toFixed(1)} ${half} ${x.toFixed(1)} ${half} ${to}`;
  }).join("");
}
