/** Shows the progress of a run: lines that are redrawn on a terminal, a line every ten seconds elsewhere. */
import { NEVER_RAN } from "../../engine/run/plan.ts";
import { terminalText } from "./terminal_text.ts";
import type { NodeReport, Watcher } from "../../engine/run/node_record.ts";
import {
  figureOf,
  type RunningNode,
  type RunSummary,
  screenRows,
} from "./progress_rows.ts";
import { openScreen, type Screen, type Size, wrapped } from "./screen.ts";
import { createSeries, type Series } from "./sparkline.ts";
import type { Progress } from "../../engine/graph/stage.ts";
import type { Paint } from "./style.ts";
import { duration } from "../../base/durations.ts";
import { fewReasons } from "./table.ts";

/** Where progress is shown. */
export interface Stream {
  write(text: string): void;
  /** The size of the terminal; undefined if lines cannot be redrawn. */
  size(): Size | undefined;
  /** Calls the listener when the size may have changed, until the returned function is called. */
  onResize(listener: () => void): () => void;
  readonly paint: Paint;
  /** Milliseconds. */
  now(): number;
}

export interface WatchOptions {
  readonly level: "full" | "lines" | "quiet";
  /** The number of nodes of the run, if it is one. */
  readonly nodes?: number;
  /** Aborted when the run is interrupted. */
  readonly signal?: AbortSignal;
}

export interface ProgressWatcher extends Watcher {
  /** Estimated seconds of the nodes that will run; without them, no remaining time of the run is shown. */
  expect(seconds: ReadonlyMap<string, number>): void;
  close(): void;
}

const REDRAW_MILLISECONDS = 100, TICK_MILLISECONDS = 250;
const LINE_MILLISECONDS = 10_000;

/** Columns before what goes on in a further line. */
const INDENT = 2;

interface Running {
  readonly began: number;
  readonly reasons: readonly string[];
  readonly series: Series;
  /** When its last line was printed. */
  printed: number;
  /** The first report: what a resumed node did before does not count for its speed. */
  first?: { readonly at: number; readonly done: number };
  latest?: { readonly at: number; readonly progress: Progress };
}

export function watchOn(
  stream: Stream,
  { level, nodes, signal }: WatchOptions,
): ProgressWatcher {
  const began = stream.now();
  const running = new Map<string, Running>();
  const ended: NodeReport[] = [];
  const forecast = createForecast();
  const size = level === "full" ? stream.size() : undefined;
  let hasStarted = false;
  let last = size;
  // A terminal that has gone away is as large as it was.
  const sizeNow = () => last = stream.size() ?? last;
  const screen: Screen | undefined = size && openScreen({
    write: stream.write,
    size: () => sizeNow() ?? size,
  });

  const nodeNow = (name: string, node: Running): RunningNode => {
    const { began, first, latest, series, reasons } = node;
    const now = stream.now();
    const means = series.means();
    return {
      name,
      reasons,
      seconds: (now - began) / 1000,
      progress: latest?.progress,
      series: means.length === 0 ? undefined : means,
      ...first && latest && speedOf(first, latest, now),
    };
  };
  const summaryNow = (
    shown: readonly RunningNode[],
  ): RunSummary | undefined => {
    if (nodes === undefined) return undefined;
    const count = (state: string) =>
      ended.filter((report) => report.state === state).length;
    const cached = count("cached");
    return {
      nodes,
      done: count("ran") + cached,
      cached,
      failed: count("failed"),
      skipped: count("skipped"),
      seconds: (stream.now() - began) / 1000,
      left: forecast.left(shown),
      stopping: signal?.aborted ?? false,
    };
  };

  let drawnAt = -Infinity;
  const draw = (printed?: string) => {
    const shown = [...running].map(([name, node]) => nodeNow(name, node));
    const size = sizeNow();
    if (screen === undefined || size === undefined) return;
    // Before the first node starts there may be nothing to do, and nothing is shown of that.
    const lines = hasStarted
      ? screenRows(shown, summaryNow(shown), size, stream.paint)
      : [];
    if (hasStarted || printed !== undefined) screen.draw(lines, printed);
    drawnAt = stream.now();
  };
  const print = (text: string) => {
    if (level === "quiet") return;
    if (screen === undefined) stream.write(terminalText(text) + "\n");
    else draw(text);
  };
  /** Prints a text of our own, between whose words a line may end; a line of a log stays one. */
  const tell = (text: string, indent = 0) => {
    const columns = sizeNow()?.columns;
    print(columns === undefined ? text : wrapped(text, columns - 1, indent));
  };
  const timer = screen && setInterval(() => draw(), TICK_MILLISECONDS);
  const redraw = () => draw();
  const ignoreResizes = screen && stream.onResize(redraw);
  signal?.addEventListener("abort", redraw);

  return {
    expect: forecast.expect,
    start: (name, reasons) => {
      hasStarted = true;
      running.set(name, {
        began: stream.now(),
        printed: stream.now(),
        series: createSeries(),
        reasons,
      });
      // On a terminal, its live line says so.
      if (screen === undefined) {
        print(`${name}: ${fewReasons(reasons) || "runs"}`);
      } else draw();
    },
    progress: (name, progress) => {
      const node = running.get(name);
      if (node === undefined) return;
      const at = stream.now();
      node.first ??= { at, done: progress.done };
      node.latest = { at, progress };
      const figure = figureOf(progress.note ?? "");
      if (figure !== undefined) node.series.add(figure.value);
      if (screen !== undefined) {
        if (stream.now() - drawnAt >= REDRAW_MILLISECONDS) draw();
      } else if (
        level === "full" && stream.now() - node.printed >= LINE_MILLISECONDS
      ) {
        node.printed = stream.now();
        print(progressLine(nodeNow(name, node)));
      }
    },
    log: (name, text) => print(`${name}: ${text}`),
    notice: (text) => tell(text),
    end: (report) => {
      const node = running.get(report.name);
      running.delete(report.name);
      ended.push(report);
      forecast.end(report);
      // What its live line said is not lost.
      const reasons = screen === undefined ? undefined : node?.reasons;
      const text = ending(report, reasons, stream.paint);
      if (text !== undefined) tell(text, INDENT);
      else draw();
    },
    close: () => {
      clearInterval(timer);
      ignoreResizes?.();
      signal?.removeEventListener("abort", redraw);
      screen?.close();
    },
  };
}

/** Of its unit a second, and the seconds that are left at that speed; neither before it has advanced. */
function speedOf(
  first: NonNullable<Running["first"]>,
  { at, progress: { done, total } }: NonNullable<Running["latest"]>,
  now: number,
): Pick<RunningNode, "rate" | "left"> {
  const advanced = done - first.done;
  if (advanced <= 0 || at === first.at) return {};
  const rate = advanced / ((at - first.at) / 1000);
  if (done >= total) return { rate };
  return { rate, left: Math.max(0, (total - done) / rate - (now - at) / 1000) };
}

interface Forecast {
  expect(seconds: ReadonlyMap<string, number>): void;
  end(report: NodeReport): void;
  /** Seconds that the run has left; undefined where nothing is expected. */
  left(running: readonly RunningNode[]): number | undefined;
}

/** A figure of so few seconds says nothing of how well an estimate fits. */
const TELLING_SECONDS = 5;

/** Estimates, corrected by how long what has ended took, and by how far what runs is. Nodes run one after the other. */
function createForecast(): Forecast {
  const open = new Map<string, number>();
  let estimated = 0, spent = 0;
  return {
    expect: (seconds) => {
      for (const [name, each] of seconds) open.set(name, each);
    },
    end: ({ name, state, seconds = 0 }) => {
      if (state === "ran") {
        estimated += open.get(name) ?? 0;
        spent += open.has(name) ? seconds : 0;
      }
      open.delete(name);
    },
    left: (running) => {
      if (open.size === 0) return undefined;
      const factor = estimated < TELLING_SECONDS ? 1 : spent / estimated;
      const known = new Map(running.map((node) => [node.name, node]));
      return [...open].reduce((sum, [name, seconds]) => {
        const node = known.get(name);
        return sum + (node?.left ??
          Math.max(0, factor * seconds - (node?.seconds ?? 0)));
      }, 0);
    },
  };
}

/** `began` are the reasons that were said when it began and are to be said again, where it ended. */
function ending(
  report: NodeReport,
  began: readonly string[] | undefined,
  paint: Paint,
): string | undefined {
  const { name, state, seconds = 0, reasons } = report;
  const isTelling = began !== undefined && began.length > 0 &&
    began[0] !== NEVER_RAN;
  const because = isTelling ? paint("faint", `  ${fewReasons(began)}`) : "";
  switch (state) {
    case "ran":
      return `${name}: ${paint("good", "done")} in ${
        duration(seconds)
      }${because}`;
    case "cached":
      return isTelling ? `${name}: ${fewReasons(began)}` : undefined;
    case "failed":
      return `${name}: ${paint("bad", "failed")} after ${duration(seconds)}`;
    case "skipped":
      return `${name}: ${paint("faint", "skipped")}, ${reasons.join("; ")}`;
    default:
      return undefined;
  }
}

function progressLine(node: RunningNode): string {
  const { name, seconds, progress } = node;
  return `${name}  ${
    progress === undefined
      ? `running for ${duration(seconds)}`
      : progressText({ ...node, progress })
  }`;
}

/** How far a node is, the time that is left, and what its stage notes. */
export function progressText(
  { progress: { done, total, unit, note }, left }: {
    readonly progress: Progress;
    readonly left?: number;
  },
): string {
  const percentage = total > 0 ? Math.floor(100 * done / total) : 0;
  return `${percentage} % of ${total} ${unit}` +
    (left === undefined ? "" : `, ${duration(left)} left`) +
    (note === undefined ? "" : `, ${note}`);
}
