/** Shows the progress of a command on its console. */
import type { Listener } from "../../sharing/transfer/download.ts";
import type { Console } from "./console.ts";
import {
  type ProgressWatcher,
  watchOn,
  type WatchOptions,
} from "./progress.ts";

interface Output {
  /** Whether standard output is JSON, so that progress goes to standard error. */
  readonly json: boolean;
}

/** Progress of several nodes, until it is closed. */
export function showProgress(
  console: Console,
  { json }: Output,
  options: WatchOptions = { level: "full" },
): ProgressWatcher {
  const stream = json ? "err" : "out";
  const watcher = watchOn({
    write: (text) => console.draw(stream, text),
    size: () => console.size(stream),
    onResize: console.onResize,
    paint: console.paint(stream),
    now: () => performance.now(),
  }, options);
  // Also if the process is killed meanwhile: it gives the terminal its cursor back.
  globalThis.addEventListener("unload", watcher.close, { once: true });
  return watcher;
}

interface Work {
  /** What it is called, such as `push`. */
  readonly name: string;
  /** What it does. */
  readonly does: string;
  /** Work that takes no longer shows no progress. */
  readonly unseenSeconds?: number;
}

/** Does a piece of work and shows its progress meanwhile. */
export async function withProgress<T>(
  console: Console,
  output: Output,
  { name, does, unseenSeconds = 0 }: Work,
  work: (listener: Listener) => Promise<T> | T,
): Promise<T> {
  const watcher = showProgress(console, output);
  const began = performance.now();
  let isShown = false;
  const show = () => {
    if (!isShown) watcher.start(name, [does]);
    isShown = true;
  };
  try {
    if (unseenSeconds === 0) show();
    return await work({
      progress: (progress) => {
        if (performance.now() - began > unseenSeconds * 1000) show();
        if (isShown) watcher.progress(name, progress);
      },
      notice: watcher.notice,
    });
  } finally {
    watcher.close();
  }
}
