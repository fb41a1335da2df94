/** Shows a run while it runs: one live line a running node on a terminal, now and then a line elsewhere. */
import type { NodeReport, Watcher } from "./record.ts";
import type { Progress } from "./stage.ts";

export interface Screen {
  write(text: string): void;
  /** Columns of the terminal, or undefined where lines cannot be redrawn. */
  columns(): number | undefined;
  /** Milliseconds. */
  now(): number;
}

const REDRAW_MILLISECONDS = 100;
const LINE_MILLISECONDS = 10_000;

interface Running {
  readonly began: number;
  shown: number;
  /** The first report: what a resumed node did before does not count for its speed. */
  first?: { readonly at: number; readonly done: number };
  latest?: Progress;
}

export interface ProgressWatcher extends Watcher {
  close(): void;
}

export function watchOn(
  screen: Screen,
  level: "full" | "lines" | "quiet",
): ProgressWatcher {
  const running = new Map<string, Running>();
  let drawn = 0;
  let drawnAt = 0;
  const isLive = () => level === "full" && screen.columns() !== undefined;
  const erase = () => {
    if (drawn > 0) screen.write(`\x1b[${drawn}A\r\x1b[J`);
    drawn = 0;
  };
  const draw = (force: boolean) => {
    const columns = screen.columns();
    if (!isLive() || columns === undefined) return;
    if (!force && screen.now() - drawnAt < REDRAW_MILLISECONDS) return;
    erase();
    for (const [name, state] of running) {
      screen.write(
        live(name, state, screen.now()).slice(0, columns - 1) + "\n",
      );
    }
    drawn = running.size;
    drawnAt = screen.now();
  };
  const line = (text: string) => {
    if (level === "quiet") return;
    erase();
    screen.write(text + "\n");
    draw(true);
  };
  const timer = isLive() ? setInterval(() => draw(false), 1000) : undefined;
  return {
    start: (name, reasons) => {
      running.set(name, { began: screen.now(), shown: screen.now() });
      line(
        `${name}: ${reasons.slice(0, 3).join("; ") || "runs"}${
          reasons.length > 3 ? `; and ${reasons.length - 3} more reasons` : ""
        }`,
      );
    },
    progress: (name, progress) => {
      const state = running.get(name);
      if (state === undefined) return;
      state.first ??= { at: screen.now(), done: progress.done };
      state.latest = progress;
      if (isLive()) return draw(false);
      if (level !== "full") return;
      if (screen.now() - state.shown < LINE_MILLISECONDS) return;
      state.shown = screen.now();
      line(live(name, state, screen.now()));
    },
    log: (name, text) => line(`${name}: ${text}`),
    notice: line,
    end: (report) => {
      running.delete(report.name);
      const text = ending(report);
      if (text !== undefined) line(text);
      else draw(true);
    },
    close: () => {
      erase();
      clearInterval(timer);
    },
  };
}

function ending(report: NodeReport): string | undefined {
  const { name, state, seconds = 0, reasons } = report;
  switch (state) {
    case "ran":
      return `${name}: done in ${duration(seconds)}`;
    case "failed":
      return `${name}: failed after ${duration(seconds)}`;
    case "skipped":
      return `${name}: skipped, ${reasons.join("; ")}`;
    default:
      return undefined;
  }
}

function live(name: string, state: Running, now: number): string {
  const { latest, first, began } = state;
  if (latest === undefined) {
    return `${name}  running for ${duration((now - began) / 1000)}`;
  }
  const { done, total, unit, note } = latest;
  const percentage = total > 0 ? Math.floor(100 * done / total) : 0;
  const seconds = first === undefined ? 0 : (now - first.at) / 1000;
  const advanced = first === undefined ? 0 : done - first.done;
  const left = advanced > 0 && done < total
    ? `, ${duration(seconds * (total - done) / advanced)} left`
    : "";
  return `${name}  ${percentage} % of ${total} ${unit}${left}${
    note === undefined ? "" : `, ${note}`
  }`;
}

/** Seconds as people say them: `0.4 s`, `42 s`, `3m 05s`, `2h 10m`. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (value: number) => String(value).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}m ${two(whole % 60)}s`;
  return `${Math.floor(minutes / 60)}h ${two(minutes % 60)}m`;
}
