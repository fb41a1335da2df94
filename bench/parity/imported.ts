/** Measures an imported Marian model beside Marian itself on the same weights, greedy, on one core; `deno task bench imported`. */
import process from "node:process";
import { parseArgs } from "@std/cli/parse-args";
import { inputError } from "../../base/input_error.ts";
import { findPeers, readCpu } from "../../apps/doctor/peers.ts";
import { translateLines } from "../../nmt/decoding/translate.ts";
import {
  createTranslator,
  type Translator,
} from "../../nmt/decoding/beam_search.ts";
import { convertModel } from "../../nmt/export/convert.ts";
import { openTranslation } from "../../nmt/export/translator.ts";
import { modelFiles } from "../../nmt/imported/files.ts";
import { scoreTranslations } from "../../nmt/metrics/score.ts";
import { loadRuntime } from "../../nmt/tensor/runtime.ts";
import {
  loadSubwords,
  type Subwords,
} from "../../nmt/text/subwords/subwords.ts";
import { loadModel } from "../../nmt/transformer/checkpoint.ts";
import { Evaluation } from "../../schemas/experiment/evaluation.ts";
import { count } from "../flags.ts";
import { median, progress } from "../measures/report.ts";

const USAGE =
  `deno task bench imported FOLDER NAME=SOURCE,REFERENCE... [--turns 3] [--json]

  FOLDER          a Marian model: .npz or .bin, and its .spm
  NAME=...        a test set: its source lines and their references`;

const MARIAN = "Marian, fp32";
const EVALUATION = Evaluation.parse({ beam: 1 });

/** Translates lines; the seconds of the CPU that it took. */
type Entrant = (
  lines: readonly string[],
) => Promise<{ readonly lines: readonly string[]; readonly seconds: number }>;

interface TestSet {
  readonly name: string;
  readonly path: string;
  readonly source: readonly string[];
  readonly reference: readonly string[];
}

export interface ImportedRow {
  readonly set: string;
  readonly entrant: string;
  readonly bleu: number;
  readonly chrf: number;
  /** Translations that equal Marian's. */
  readonly equal: number;
  readonly of: number;
  /** Source words a second of the CPU, the median of the turns. */
  readonly wordsPerCpuSecond: number;
}

/** Measures all entrants on all sets, in turns, and prints a table or JSON. */
export async function imported(args: readonly string[]): Promise<void> {
  const flags = parseArgs([...args], {
    string: ["turns"],
    boolean: ["json", "help"],
    unknown: (name: string) => {
      if (!name.startsWith("-")) return true;
      throw inputError(`Cannot use "${name}": expected ${USAGE}`);
    },
  });
  if (flags.help) return console.log(USAGE);
  const [folder, ...sets] = flags._.map(String);
  if (folder === undefined || sets.length === 0) {
    throw inputError(`Cannot measure nothing: expected ${USAGE}`);
  }
  const cpu = await readCpu();
  const peers = await findPeers(cpu);
  const temporary = Deno.makeTempDirSync({ prefix: "imported-" });
  const exported = `${temporary}/out`;
  await convertModel({
    model: folder,
    out: exported,
    languages: { source: "pt", target: "en" },
    search: EVALUATION,
  });
  const subwords = await loadSubwords(`${exported}/tokenizer.json`);
  const saved = loadModel(`${exported}/model.safetensors`, "the model");
  const runtime = await loadRuntime();
  const own = (precision: "float32" | "int8") =>
    createTranslator(runtime, saved, { threads: 1, precision });
  const translators = {
    "ours, fp32": await own("float32"),
    "ours, int8": await own("int8"),
    "exported graph, int8, a sentence a run": await openTranslation(
      `${exported}/int8/translate.onnx`,
      { threads: 1 },
    ),
  };
  const versions: string[] = [`deno ${Deno.version.deno}`];
  const ours = Object.entries(translators).map(([name, translator]) =>
    [name, timed(translator, subwords)] as const
  );
  const rows: ImportedRow[] = [];
  const turns = count("turns", flags.turns, 3);
  for (const set of sets.map(testSet)) {
    const words = set.source.join(" ").split(/\s+/).length;
    const seconds: Record<string, number[]> = {};
    const found: Record<string, readonly string[]> = {};
    const entrants: Record<string, Entrant> = {
      [MARIAN]: marian(peers.python, folder, set, versions),
      ...Object.fromEntries(ours),
    };
    for (let turn = 0; turn < turns; turn++) {
      for (const [name, translate] of Object.entries(entrants)) {
        progress(`${set.name}, turn ${turn + 1}: ${name}`);
        const result = await translate(set.source);
        (seconds[name] ??= []).push(result.seconds);
        found[name] = result.lines;
      }
    }
    for (const name of Object.keys(entrants)) {
      const { bleu, chrf } = scoreTranslations(
        EVALUATION,
        [...found[name]],
        [...set.reference],
      );
      rows.push({
        set: set.name,
        entrant: name,
        bleu,
        chrf,
        equal: found[name].filter((line, i) => line === found[MARIAN][i])
          .length,
        of: set.source.length,
        wordsPerCpuSecond: Math.round(words / median(seconds[name])),
      });
    }
  }
  progress("");
  const machine = {
    cpu: cpu.model,
    cores: navigator.hardwareConcurrency,
    threads: 1,
    versions: [...new Set(versions)],
  };
  const command = "deno task bench imported";
  console.log(
    flags.json
      ? JSON.stringify({ command, machine, rows }, null, 2)
      : rows.map((row) => Object.values(row).join("  ")).join("\n"),
  );
  for (const translator of Object.values(translators)) {
    await translator.dispose();
  }
  Deno.removeSync(temporary, { recursive: true });
}

function testSet(given: string): TestSet {
  const [, name, source, reference] = /^([^=]+)=([^,]+),(.+)$/.exec(given) ??
    [];
  if (reference === undefined) {
    throw inputError(
      `Cannot use the test set "${given}": expected NAME=SOURCE,REFERENCE.`,
    );
  }
  return {
    name,
    path: source,
    source: linesOf(source),
    reference: linesOf(reference),
  };
}

const linesOf = (path: string) =>
  Deno.readTextFileSync(path).replace(/\n$/, "").split("\n");

/** Ours, in this process, on one thread; the first lines warm it up. */
function timed(translator: Translator, subwords: Subwords): Entrant {
  const translate = (lines: readonly string[]) =>
    translateLines(translator, subwords, lines, EVALUATION);
  let isWarm = false;
  return async (source) => {
    if (!isWarm) await translate(source.slice(0, 50));
    isWarm = true;
    const before = process.cpuUsage();
    const lines = await translate(source);
    const { user, system } = process.cpuUsage(before);
    return { lines, seconds: (user + system) / 1e6 };
  };
}

function marian(
  python: string,
  folder: string,
  { path }: TestSet,
  versions: string[],
): Entrant {
  const files = modelFiles(folder);
  const ending = (pattern: RegExp) => files.find((file) => pattern.test(file));
  return async () => {
    const out = Deno.makeTempFileSync();
    const { stdout, stderr, success } = await new Deno.Command(python, {
      args: [
        new URL("../reference/marian.py", import.meta.url).pathname,
        ...["--model", ending(/\.(npz|bin)$/) ?? ""],
        ...["--vocabulary", ending(/\.spm$/) ?? ""],
        ...["--source", path, "--out", out],
      ],
      stdout: "piped",
      stderr: "piped",
    }).output();
    if (!success) {
      throw inputError(
        `Cannot measure Marian: ${
          new TextDecoder().decode(stderr).trim().split("\n").at(-1)
        }; install pymarian into the Python that CKD_BENCH_PYTHON names.`,
      );
    }
    const last = new TextDecoder().decode(stdout).trim().split("\n").at(-1);
    const { seconds, version } = JSON.parse(last ?? "");
    versions.push(version);
    const lines = linesOf(out);
    Deno.removeSync(out);
    return { lines, seconds };
  };
}
