/**
 * Keeps every file of a build, by the hash of its content, and answers with it: so the page works offline, a new build
 * fetches only what changed, and the page is isolated from other origins though its host sets no headers. It imports
 * nothing, since not every browser takes modules here; the builder writes `BUILD` before it.
 */
/// <reference lib="dom" />

interface Build {
  readonly files: readonly {
    readonly path: string;
    readonly sha256: string;
    readonly bytes: number;
    readonly type: string;
  }[];
  /** Of each answer. */
  readonly headers: Readonly<Record<string, string>>;
}
type BuildFile = Build["files"][number];

/** What is reported to the pages. */
type Kept =
  | { readonly kind: "keeping"; readonly done: number; readonly total: number }
  | { readonly kind: "kept" }
  | { readonly kind: "failed"; readonly sentence: string };

interface WaitingEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface FetchingEvent extends WaitingEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}
interface MessagingEvent extends WaitingEvent {
  readonly data: unknown;
}

/** The scope of a service worker, as far as it is used: no library that is here beside the page's own describes it. */
interface Scope {
  readonly registration: { readonly scope: string };
  readonly clients: {
    claim(): Promise<void>;
    matchAll(
      options: { readonly includeUncontrolled: boolean },
    ): Promise<readonly { postMessage(message: Kept): void }[]>;
  };
  skipWaiting(): Promise<void>;
  addEventListener(
    type: "install" | "activate",
    listener: (event: WaitingEvent) => void,
  ): void;
  addEventListener(
    type: "fetch",
    listener: (event: FetchingEvent) => void,
  ): void;
  addEventListener(
    type: "message",
    listener: (event: MessagingEvent) => void,
  ): void;
}

declare const BUILD: Build;
const worker = self as unknown as Scope;
const { scope } = worker.registration;
const NAME = `ckd-web ${scope}`;

worker.addEventListener("install", (event) => event.waitUntil(keepAll()));

worker.addEventListener("activate", (event) => {
  event.waitUntil(forgetOthers().then(() => worker.clients.claim()));
});

worker.addEventListener("message", (event) => {
  // A page asks whether all is kept when a worker is active: one that is being installed answers no request yet. A page
  // that shows a new build asks for it.
  if (event.data === "keep") {
    event.waitUntil(
      keepAll().then(() => report({ kind: "kept" }), () => {}),
    );
  }
  if (event.data === "use") event.waitUntil(worker.skipWaiting());
});

worker.addEventListener("fetch", (event) => {
  const file = fileAt(event.request);
  if (file !== undefined) event.respondWith(answer(file, event.request));
});

/** Fetches what is not kept yet; fails, and reports why to the pages, if a file is missing or differs. */
async function keepAll(): Promise<void> {
  const cache = await caches.open(NAME);
  const total = BUILD.files.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  try {
    for (const file of BUILD.files) {
      if (await cache.match(keyOf(file)) === undefined) {
        await report({ kind: "keeping", done, total });
        await cache.put(keyOf(file), await fetched(file));
      }
      done += file.bytes;
    }
  } catch (error) {
    const sentence = error instanceof Error ? error.message : String(error);
    await report({ kind: "failed", sentence });
    throw error;
  }
}

async function fetched(file: BuildFile): Promise<Response> {
  const response = await fetch(new URL(file.path, scope), {
    cache: "no-cache",
  });
  if (!response.ok) {
    throw new Error(
      `cannot load ${file.path}, the server says ${response.status}`,
    );
  }
  const bytes = await response.arrayBuffer();
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  const found = Array.from(
    new Uint8Array(digest),
    (byte) => byte.toString(16).padStart(2, "0"),
  ).join("");
  if (found !== file.sha256) {
    throw new Error(`${file.path} is not the file of this build`);
  }
  return new Response(bytes);
}

/** Removes what only other builds have. */
async function forgetOthers(): Promise<void> {
  const cache = await caches.open(NAME);
  const keys = new Set(BUILD.files.map(keyOf));
  for (const { url } of await cache.keys()) {
    if (!keys.has(url)) await cache.delete(url);
  }
}

/** From what is kept; from the network where the browser has thrown it away. */
async function answer(file: BuildFile, request: Request): Promise<Response> {
  const cache = await caches.open(NAME);
  const response = await cache.match(keyOf(file)) ?? await fetch(request);
  if (!response.ok) return response;
  return new Response(response.body, {
    headers: { ...BUILD.headers, "content-type": file.type },
  });
}

function fileAt({ method, url }: Request): BuildFile | undefined {
  const { origin, pathname } = new URL(url);
  const { origin: own, pathname: folder } = new URL(scope);
  if (method !== "GET" || origin !== own || !pathname.startsWith(folder)) {
    return undefined;
  }
  const path = decodeURIComponent(pathname.slice(folder.length)) ||
    "index.html";
  return BUILD.files.find((file) => file.path === path);
}

/** The address under which a content is kept; nothing is served there. */
function keyOf({ sha256 }: { readonly sha256: string }): string {
  return new URL(`.kept/${sha256}`, scope).href;
}

async function report(kept: Kept): Promise<void> {
  const all = await worker.clients.matchAll({ includeUncontrolled: true });
  for (const client of all) client.postMessage(kept);
}
