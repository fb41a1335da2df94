/** A small model that is really trained and exported, and servers of it in processes of their own. */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import type { NodeJson } from "../../engine/fixtures/project.ts";

const ROOT = fromFileUrl(new URL("../../..", import.meta.url));

const SUBJECTS = {
  "o gato": "the cat",
  "o cão": "the dog",
  "a menina": "the girl",
  "o menino": "the boy",
  "a médica": "the doctor",
  "o professor": "the teacher",
};
const VERBS = {
  "vê": "sees",
  "procura": "looks for",
  "encontra": "finds",
  "leva": "takes",
  "compra": "buys",
};
const OBJECTS = {
  "livros": "books",
  "chaves": "keys",
  "pães": "breads",
  "cartas": "letters",
  "chapéus": "hats",
};
const NUMBERS = Array.from({ length: 30 }, (_, i) => i + 2);

const PAIRS = Object.entries(SUBJECTS).flatMap(([subject, who]) =>
  Object.entries(VERBS).flatMap(([verb, does]) =>
    NUMBERS.flatMap((n) =>
      Object.entries(OBJECTS).map((
        [object, what],
      ) => [`${subject} ${verb} ${n} ${object}`, `${who} ${does} ${n} ${what}`])
    )
  )
);

/** The sentences of the training, which the model is good at, each once. */
export const SENTENCES: readonly string[] = PAIRS.map(([source]) => source);

/** One that takes long: as many words as a server takes. */
export const LONG = SENTENCES.join(" ").split(" ").slice(0, 256).join(" ");

const MODEL = { width: 64, feedForward: 128, heads: 4 };
const TRAINING = {
  ...{ steps: 250, batchTokens: 512, warmup: 60, factor: 0.5 },
  validateEvery: 125,
};

const EXPERIMENT = {
  languages: { source: "pt", target: "en" },
  corpus: { validation: 40, test: 40 },
  vocabulary: { size: 320 },
  teacher: {
    model: { ...MODEL, encoderLayers: 3, decoderLayers: 2 },
    training: TRAINING,
  },
  student: {
    model: { ...MODEL, encoderLayers: 2, decoderLayers: 1 },
    training: TRAINING,
  },
  students: { "no-kd": {} },
  evaluation: { beam: 2 },
};

export interface ExportedRun {
  readonly artifacts: string;
  /** The exported model. */
  readonly folder: string;
  [Symbol.dispose](): void;
}

/** Trains and exports a model, and what other nodes make; takes some seconds. */
export async function exportedRun(...nodes: string[]): Promise<ExportedRun> {
  const work = Deno.makeTempDirSync({ prefix: "serve-" });
  const path = (name: string) => join(work, name);
  const lines = PAIRS.map((pair) => pair.join("\t") + "\n");
  Deno.writeTextFileSync(path("phrases.tsv"), lines.join(""));
  const data = { train: path("phrases.tsv") };
  Deno.writeTextFileSync(
    path("phrases.json"),
    JSON.stringify({ ...EXPERIMENT, data }),
  );
  const artifacts = path("artifacts");
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--allow-all", "cli/main.ts", "run"],
      ...["export:no-kd", "evaluate:no-kd", ...nodes, "--json"],
      ...["--experiment", path("phrases.json"), "--artifacts", artifacts],
    ],
    cwd: ROOT,
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assertEquals(code, 0, text(stderr));
  const made: readonly NodeJson[] = JSON.parse(text(stdout)).nodes;
  const found = made.find(({ name }) => name === "export:no-kd");
  assert(found !== undefined);
  const { sha256 } = found.outputs.folder;
  return {
    artifacts,
    folder: join(
      artifacts,
      `objects/${sha256.slice(0, 2)}/${sha256.slice(2)}.files`,
    ),
    [Symbol.dispose]: () => Deno.removeSync(work, { recursive: true }),
  };
}

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
