/** Starts the servers of tasks in processes of their own. */
import { assert } from "@std/assert";
import { fromFileUrl, join } from "@std/path";

const ROOT = fromFileUrl(new URL("../../..", import.meta.url));

export interface Served {
  readonly url: string;
  /** Sends a body to be translated. */
  translate(
    body: unknown,
    headers?: Record<string, string>,
    signal?: AbortSignal,
  ): Promise<Response>;
  /** A value of /metrics, 0 where there is none. */
  metric(name: string): Promise<number>;
  /** Waits until a value of /metrics is as expected. */
  until(name: string, expected: (value: number) => boolean): Promise<void>;
  signal(name: Deno.Signal): void;
  /** The outcome of the process, which it waits for. */
  ended(): Promise<{ code: number; out: string; err: string }>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A server in a process of its own. */
export type Started = Pick<
  Served,
  "url" | "signal" | "ended" | typeof Symbol.asyncDispose
>;

/** Starts what a task of deno.json starts, at a free port, with the permissions that it has there. */
export async function startTask(
  task: "serve" | "web",
  args: readonly string[],
  descriptors?: number,
): Promise<Started> {
  const { tasks } = JSON.parse(Deno.readTextFileSync(join(ROOT, "deno.json")));
  const limit = descriptors === undefined ? "" : `ulimit -n ${descriptors} &&`;
  const process = new Deno.Command("sh", {
    args: [
      ...["-c", `${limit} exec "$0" "$@"`, Deno.execPath()],
      ...[...tasks[task].split(" ").slice(1), "--port", "0", ...args],
    ],
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const err = new Response(process.stderr).text();
  const [first, rest] = process.stdout.tee();
  const out = new Response(rest).text();
  const url = await addressIn(first);
  if (url === undefined) throw new Error(`No server: ${await err}`);
  let status: Deno.CommandStatus | undefined;
  void process.status.then((ended) => status = ended);
  const ended = async () => {
    const { code } = await process.status;
    return { code, out: await out, err: await err };
  };
  return {
    url,
    ended,
    signal: (name) => process.kill(name),
    [Symbol.asyncDispose]: async () => {
      if (status === undefined) process.kill("SIGKILL");
      await ended();
    },
  };
}

/** Starts a server of translations. */
export function serve(...args: string[]): Promise<Served> {
  return serveWith(undefined, ...args);
}

/** Starts one that may have so many descriptors open. */
export async function serveWith(
  descriptors: number | undefined,
  ...args: string[]
): Promise<Served> {
  const started = await startTask("serve", args, descriptors);
  const { url } = started;
  const metric = async (name: string) => {
    const text = await (await fetch(`${url}/metrics`)).text();
    const line = text.split("\n").find((line) => line.startsWith(`${name} `));
    return Number(line?.slice(name.length + 1) ?? 0);
  };
  return {
    ...started,
    metric,
    translate: (body, headers = {}, signal) =>
      fetch(`${url}/translate`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(body),
        signal,
      }),
    until: async (name, expected) => {
      for (let i = 0; !expected(await metric(name)); i++) {
        assert(i < 1000, `${name} is ${await metric(name)}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
  };
}

/** The address that a server prints once it listens. */
async function addressIn(
  stdout: ReadableStream<Uint8Array<ArrayBuffer>>,
): Promise<string | undefined> {
  let text = "";
  const reader = stdout.pipeThrough(new TextDecoderStream()).getReader();
  while (true) {
    const { done, value } = await reader.read();
    text += value ?? "";
    const url = / at (http:\S+)\n/.exec(text)?.[1];
    if (url !== undefined || done) {
      void reader.cancel();
      return url;
    }
  }
}
