/** Measures `pull` beside curl on the same objects from the same static server: whole processes, in turns; `deno task bench pull`. */
import { parseArgs } from "@std/cli/parse-args";
import { join } from "@std/path";
import { canonical, sha256 } from "../engine/files/hash.ts";
import { keyOf } from "../engine/keys/key.ts";
import { manifestText, writeManifest } from "../engine/store/manifest.ts";
import { ROOT } from "../engine/keys/project.ts";
import { openWorkspace } from "../engine/store/workspace.ts";
import { inputError } from "../base/input_error.ts";
import type { Artifact, Code } from "../schemas/manifest.ts";
import { contentsOf } from "../sharing/transfer/contents.ts";
import { push } from "../sharing/push.ts";
import { objectPath } from "../sharing/remotes/remote.ts";
import { openRemote } from "../sharing/remotes/open.ts";
import { DEFAULT_NETWORK } from "../sharing/remotes/request.ts";
import { count } from "./flags.ts";
import { median } from "./measures/report.ts";

const USAGE =
  "deno task bench pull [--objects 1000] [--kilobytes 1000] [--alternations 5]";

const EXPERIMENT = "bench";

/** Measures both and prints one line. */
export async function pull(args: readonly string[]): Promise<void> {
  const flags = parseArgs([...args], {
    string: ["objects", "kilobytes", "alternations"],
    boolean: ["help"],
    unknown: (name: string) => {
      throw inputError(`Cannot use "${name}": expected ${USAGE}.`);
    },
  });
  if (flags.help) return console.log(USAGE);
  const objects = count("objects", flags.objects, 1000);
  const kilobytes = count("kilobytes", flags.kilobytes, 1000);
  const turns = count("alternations", flags.alternations, 5);
  const folder = Deno.makeTempDirSync({ prefix: "pull-" });
  const remote = join(folder, "remote");
  const paths = await makeRemote(folder, remote, objects, 1000 * kilobytes);
  const server = await startServer(remote);
  try {
    const entrants = {
      pull: () => pullAll(server.url, join(folder, "pulled")),
      curl: () => curlAll(server.url, paths, join(folder, "fetched")),
    };
    const seconds: Record<string, number[]> = { pull: [], curl: [] };
    for (let turn = 0; turn < turns; turn++) {
      for (const [name, run] of Object.entries(entrants)) {
        seconds[name].push(await run());
      }
    }
    const [pull, curl] = [median(seconds.pull), median(seconds.curl)];
    const rate = (seconds: number) =>
      `${(objects * kilobytes / 1000 / seconds).toFixed(0)} MB/s`;
    console.log(
      `${objects} objects of ${kilobytes} kB, medians of ${turns}: pull ${
        pull.toFixed(2)
      } s (${rate(pull)}), curl and sync ${curl.toFixed(2)} s (${
        rate(curl)
      }), ratio ${(pull / curl).toFixed(2)}`,
    );
  } finally {
    server.child.kill();
    await server.child.status;
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Pushes random objects to a folder; gives their paths there. */
async function makeRemote(
  folder: string,
  remote: string,
  objects: number,
  bytes: number,
): Promise<string[]> {
  const artifacts = join(folder, "artifacts");
  Deno.mkdirSync(artifacts);
  const workspace = openWorkspace(artifacts);
  const outputs: Record<string, Artifact> = {};
  for (let i = 0; i < objects; i++) {
    const content = new Uint8Array(bytes);
    for (let at = 0; at < bytes; at += 65536) {
      crypto.getRandomValues(content.subarray(at, at + 65536));
    }
    const path = join(artifacts, "making");
    Deno.writeFileSync(path, content);
    const mediaType = "application/octet-stream";
    outputs[`object${i}`] = await workspace.store.add(path, {
      path,
      mediaType,
    });
  }
  const code: Code = { modules: {}, packages: {}, resolutions: {} };
  const hash = sha256(canonical(code));
  const preimage = {
    stage: "bench",
    code: hash,
    config: {},
    inputs: {},
    files: {},
    seed: 0,
    environment: null,
  };
  const key = keyOf(preimage);
  const node = { key, preimage, inputs: {}, outputs, metrics: {} };
  const text = manifestText(
    { name: EXPERIMENT, value: {} },
    new Map([["bench", node]]),
    new Map([[hash, code]]),
  );
  writeManifest(artifacts, text);
  await push(
    await contentsOf(openWorkspace(artifacts)),
    openRemote(remote, { network: DEFAULT_NETWORK, create: true }),
    { paranoid: false },
    { progress: () => {}, notice: () => {} },
  );
  return Object.values(outputs).map(({ sha256 }) => objectPath(sha256));
}

/** A static server in a process of its own; it prints its port. */
async function startServer(folder: string) {
  const script = `
    Deno.serve({
      port: 0,
      hostname: "127.0.0.1",
      onListen: ({ port }) => console.log(port),
    }, async ({ url }) => {
      const file = await Deno.open(${
    JSON.stringify(folder)
  } + new URL(url).pathname)
        .catch(() => undefined);
      if (file === undefined) return new Response("none", { status: 404 });
      const headers = { "content-length": String(file.statSync().size) };
      return new Response(file.readable, { headers });
    });`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", script],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const { value } = await child.stdout.getReader().read();
  const port = new TextDecoder().decode(value).trim();
  return { child, url: `http://127.0.0.1:${port}/` };
}

/** Seconds of a whole `pull` into an empty folder: each object is hashed, synced and moved to its place. */
async function pullAll(url: string, folder: string): Promise<number> {
  return await timed(folder, Deno.execPath(), [
    ...["run", "--quiet", "--allow-all", join(ROOT, "cli/main.ts")],
    ...["pull", url, "--experiment", EXPERIMENT, "--unsigned"],
    ...["--artifacts", folder],
  ]);
}

/** The same of curl: as many at once, no hash, all synced in one go, as what was pulled is on the disk too. */
async function curlAll(
  url: string,
  paths: readonly string[],
  folder: string,
): Promise<number> {
  const list = paths.map((path) =>
    `url = "${url}${path}"\noutput = "${join(folder, path)}"\n`
  );
  const config = `${folder}.curl`;
  Deno.writeTextFileSync(config, list.join(""));
  const curl =
    `curl --silent --fail --create-dirs --parallel --parallel-max 16`;
  return await timed(folder, "sh", [
    "-c",
    `${curl} --config "${config}" && sync -f "${folder}"`,
  ]);
}

async function timed(
  folder: string,
  program: string,
  args: readonly string[],
): Promise<number> {
  Deno.mkdirSync(folder);
  const began = performance.now();
  const { success } = await new Deno.Command(program, {
    args: [...args],
    stdout: "null",
  }).output();
  const seconds = (performance.now() - began) / 1000;
  Deno.removeSync(folder, { recursive: true });
  if (!success) throw new Error(`${program} ${args.join(" ")} failed.`);
  return seconds;
}
