/** Shows whether the page works offline, and offers a newer build, both by its service worker. */
/// <reference lib="dom" />

export interface Offline {
  readonly text: string;
  /** Loads the newer build that is there. */
  readonly use?: () => void;
}

/** What the service worker reports. */
type Kept =
  | { readonly kind: "keeping"; readonly done: number; readonly total: number }
  | { readonly kind: "kept" }
  | { readonly kind: "failed"; readonly sentence: string };

/** Has the page kept for offline use; `show` is called whenever something changes. */
export async function keepOffline(
  show: (offline: Offline) => void,
): Promise<void> {
  const workers: ServiceWorkerContainer | undefined = navigator.serviceWorker;
  if (workers === undefined) {
    return show({
      text:
        "Not ready offline: this browser keeps no pages here, as in a private window.",
    });
  }
  let newer: ServiceWorker | null = null;
  const use = () => newer?.postMessage("use");
  const say = (text: string) => {
    show(
      newer === null
        ? { text }
        : { text: "A newer build of this page is ready.", use },
    );
  };
  const hadOne = workers.controller !== null;
  workers.addEventListener(
    "message",
    ({ data, source }: MessageEvent<Kept>) => {
      // A newer build that is still being fetched takes nothing from this one.
      if (!hadOne || source === workers.controller) say(textOf(data));
    },
  );
  try {
    workers.addEventListener("controllerchange", () => {
      if (hadOne) location.reload();
    });
    const registration = await workers.register("service_worker.js");
    const check = () => {
      if (registration.waiting === null || !hadOne) return;
      newer = registration.waiting;
      say("");
    };
    check();
    registration.addEventListener("updatefound", () => {
      registration.installing?.addEventListener("statechange", check);
    });
    (await workers.ready).active?.postMessage("keep");
  } catch (error) {
    say(
      `Not ready offline: ${
        error instanceof Error ? error.message : String(error)
      }.`,
    );
  }
}

function textOf(kept: Kept): string {
  if (kept.kind === "kept") return "Ready offline.";
  if (kept.kind === "failed") return `Not ready offline: ${kept.sentence}.`;
  const [done, total] = [kept.done, kept.total].map((bytes) =>
    (bytes / 1e6).toFixed(0)
  );
  return `Not ready offline yet: ${done} of ${total} MB are kept.`;
}
