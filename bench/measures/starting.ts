/**
 * Times the start of a translator, from the command to the first translation of one sentence on standard input: `deno task
 * translate` with a model file, or with --script a Python script, whose model is converted before. With `--cold=1` the page
 * cache is emptied first, and Deno is a copy of the one that runs this, whose pages are in use.
 */
import { join } from "@std/path";
import { cacheFolder } from "../../apps/doctor/peers.ts";
import { inputError } from "../../base/input_error.ts";
import { ROOT } from "../../engine/keys/project.ts";
import { modelFiles } from "../../nmt/imported/files.ts";
import { numbers, peerScript, preparedFile, report } from "../figures.ts";
import { median } from "./report.ts";

const peer = peerScript();
const { cold, starts, threads } = numbers({ cold: 0, starts: 3 });
const DROP_CACHES = "/proc/sys/vm/drop_caches";

interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly version: string;
}

const model = preparedFile("small.safetensors");
const tokenizer = preparedFile("tokenizer.json");
const lines = Deno.readTextFileSync(preparedFile("test.source")).split("\n");
const sentence = lines.find((line) => line.split(" ").length > 7) ?? lines[0];

function ours(deno: string): Program {
  return {
    command: deno,
    args: ["task", "translate", `--model=${model}`, `--tokenizer=${tokenizer}`],
    version: `deno ${Deno.version.deno}`,
  };
}

/** The script's own model is written into the folder. */
async function theirs(
  python: string,
  script: string,
  folder: string,
): Promise<Program> {
  Deno.mkdirSync(folder);
  const args = [script, `--tokenizer=${tokenizer}`, `--folder=${folder}`];
  const { success, stdout, stderr } = await new Deno.Command(python, {
    args: [...args, `--convert=${model}`],
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  if (!success) throw new Error(`"${script}" failed: ${text(stderr)}`);
  return {
    command: python,
    args: [...args, `--threads=${threads}`],
    version: text(stdout),
  };
}

/** Bergamot with a model of its own, where the environment names both. */
function bergamot(): Program | undefined {
  const python = Deno.env.get("CKD_BENCH_BERGAMOT");
  const folder = Deno.env.get("CKD_BENCH_BERGAMOT_MODEL");
  if (python === undefined || folder === undefined) return undefined;
  const files = modelFiles(folder);
  const file = (name: string, pattern: RegExp) => {
    const found = files.find((file) => pattern.test(file));
    if (found !== undefined) return `--${name}=${found}`;
    throw inputError(
      `Cannot start Bergamot: "${folder}" of CKD_BENCH_BERGAMOT_MODEL has no ${name}, expected a .bin and a .spm file.`,
    );
  };
  return {
    command: python,
    args: [
      join(ROOT, "bench", "reference", "imported", "bergamot_native.py"),
      file("model", /model.*\.bin$/),
      file("vocabulary", /\.spm$/),
      "--source=/dev/stdin",
      "--out=/dev/stdout",
    ],
    version: "",
  };
}

/** Milliseconds from the command to the first line that it prints. */
async function start({ command, args }: Program): Promise<number> {
  if (cold > 0) await emptyPageCache();
  const began = performance.now();
  const child = new Deno.Command(command, {
    args: [...args],
    cwd: ROOT,
    env: { PYTHONDONTWRITEBYTECODE: "1", NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const errors = new Response(child.stderr).text();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(`${sentence}\n`));
  await writer.close();
  let ms = 0, text = "";
  for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (ms === 0 && text.includes("\n")) ms = performance.now() - began;
  }
  const { success } = await child.status;
  if (success && ms > 0) return ms;
  throw new Error(`"${command} ${args.join(" ")}" failed: ${await errors}`);
}

async function emptyPageCache(): Promise<void> {
  await new Deno.Command("sync").output();
  Deno.writeTextFileSync(DROP_CACHES, "3");
}

/** Why the page cache cannot be emptied, in a sentence. */
function whyNotCold(): string | undefined {
  try {
    Deno.openSync(DROP_CACHES, { write: true }).close();
  } catch (error) {
    if (
      error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.PermissionDenied ||
      error instanceof Deno.errors.NotCapable ||
      // A read-only /proc, as in containers.
      (error instanceof Error && "code" in error && error.code === "EROFS")
    ) {
      return `"${DROP_CACHES}", which empties the page cache, cannot be written: a cold start is measured by root on Linux`;
    }
    throw error;
  }
}

/** The median of some starts; warm ones after one that is not counted. */
async function timed(program: Program): Promise<number> {
  if (cold === 0) await start(program);
  const times: number[] = [];
  for (let i = 0; i < starts; i++) times.push(await start(program));
  return median(times);
}

const missing = cold > 0 ? whyNotCold() : undefined;
// Beside the bench's other files, on a disk: the folder of temporary files may be in memory, where no start is cold.
await Deno.mkdir(cacheFolder(), { recursive: true });
const folder = await Deno.makeTempDir({ dir: cacheFolder(), prefix: "start-" });
try {
  const figures: Record<string, number> = {};
  let version = "";
  if (missing === undefined) {
    const copied = join(folder, "deno");
    if (cold > 0) Deno.copyFileSync(Deno.execPath(), copied);
    const program = peer === undefined
      ? ours(cold > 0 ? copied : Deno.execPath())
      : await theirs(peer.python, peer.script, join(folder, "model"));
    figures.start_ms = await timed(program);
    version = program.version;
    const third = peer === undefined ? bergamot() : undefined;
    if (third !== undefined) figures.bergamot_ms = await timed(third);
  }
  await report(figures, threads, version, missing);
} finally {
  await Deno.remove(folder, { recursive: true });
}
