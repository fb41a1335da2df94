/** Starts the servers of tasks in processes of their own, and reads what they answer. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { translateLines } from "../../../nmt/decoding/translate.ts";
import { openTranslation } from "../../../nmt/export/translator.ts";
import { loadSubwords } from "../../../nmt/text/subwords/subwords.ts";
import { TranslateAnswer, TranslateLine } from "../../../schemas/http_api.ts";
import { type Outcome, ROOT } from "../../fixtures/command.ts";

/** A server in a process of its own. */
export interface Started {
  readonly url: string;
  signal(name: Deno.Signal): void;
  /** The outcome of the process, which it waits for. */
  ended(): Promise<Outcome>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A server of translations. */
export interface Served extends Started {
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
}

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

/** The translations that a server answered. */
export async function texts(response: Response): Promise<string[]> {
  assertEquals(response.status, 200);
  const { translations } = TranslateAnswer.parse(await response.json());
  return translations.map(({ text }) => text);
}

/** The lines of a stream. */
export async function linesOf(response: Response): Promise<TranslateLine[]> {
  return (await response.text()).trimEnd().split("\n")
    .map((line) => TranslateLine.parse(JSON.parse(line)));
}

/** The translations of a stream, each at its index. */
export async function streamed(response: Response): Promise<string[]> {
  assertEquals(response.headers.get("content-type"), "application/x-ndjson");
  const found: string[] = [];
  for (const line of await linesOf(response)) {
    assert("index" in line);
    assertEquals(found[line.index], undefined);
    found[line.index] = line.text;
  }
  return found;
}

/** Translations of an exported model with a beam of 2, without a server. */
export async function translatedDirectly(
  exported: string,
  lines: readonly string[],
): Promise<string[]> {
  const translator = await openTranslation(
    join(exported, "fp32/translate.onnx"),
  );
  const subwords = await loadSubwords(join(exported, "tokenizer.json"));
  const options = { beam: 2, lengthPenalty: 1 };
  const found = await translateLines(translator, subwords, lines, options);
  await translator.dispose();
  return found;
}

/** Has some clients do all that there is to do, each one thing after another. */
export async function byClients(
  clients: number,
  count: number,
  act: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: clients }, async () => {
    while (next < count) await act(next++);
  }));
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
