/** Measures an imported Marian model beside Marian and Bergamot on the same weights, greedy, on one core; `deno task bench imported`. */
import process from "node:process";
import { parseArgs } from "@std/cli/parse-args";
import { inputError } from "../../base/input_error.ts";
import { isFile } from "../../base/stat.ts";
import { findPeers, type Peers, readCpu } from "../../apps/doctor/peers.ts";
import { translateLines } from "../../nmt/decoding/translate.ts";
import {
  createTranslator,
  type Translator,
} from "../../nmt/decoding/beam_search.ts";
import { convertModel } from "../../nmt/export/convert.ts";
import { openTranslation } from "../../nmt/export/translator.ts";
import { modelFiles } from "../../nmt/imported/files.ts";
import { scoreTranslations } from "../../nmt/metrics/score.ts";
import { findMarianShortlist } from "../../nmt/shortlist/marian.ts";
import { readShortlist } from "../../nmt/shortlist/shortlist.ts";
import { loadRuntime } from "../../nmt/tensor/runtime.ts";
import {
  loadSubwords,
  type Subwords,
} from "../../nmt/text/subwords/subwords.ts";
import { loadModel } from "../../nmt/transformer/checkpoint.ts";
import { Evaluation } from "../../schemas/experiment/evaluation.ts";
import { count } from "../flags.ts";
import { median, progress } from "../measures/report.ts";
import { openInPageRuntime } from "./page_runtime.ts";

const USAGE =
  `deno task bench imported FOLDER NAME=SOURCE,REFERENCE... [--turns 3] [--json]

  FOLDER          a Marian model: .npz or .bin, its .spm, and its short-list, if it has one
  NAME=...        a test set: its source lines and their references

Bergamot is measured where CKD_BENCH_BERGAMOT names a Python with the package bergamot 0.4.5, and its WebAssembly build where
CKD_BENCH_BERGAMOT_WASM names the folder of the npm package @browsermt/bergamot-translator; Marian is of CKD_BENCH_PYTHON.`;

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
  try {
    await measure({ folder, sets, temporary, peers }, {
      turns: count("turns", flags.turns, 3),
      cpu: cpu.model,
      json: flags.json === true,
    });
  } finally {
    Deno.removeSync(temporary, { recursive: true });
  }
}

/** Measures all entrants on all sets with files in a folder. */
async function measure(
  { folder, sets, temporary, peers }: {
    readonly folder: string;
    readonly sets: readonly string[];
    readonly temporary: string;
    readonly peers: Peers;
  },
  { turns, cpu, json }: {
    readonly turns: number;
    readonly cpu: string;
    readonly json: boolean;
  },
): Promise<void> {
  const plain = await converted(folder, `${temporary}/plain`, false);
  const subwords = await loadSubwords(`${plain}/tokenizer.json`);
  const translators = {
    ...await translatorsOf(plain, ""),
    ...findMarianShortlist(folder) === undefined ? {} : await translatorsOf(
      await converted(folder, `${temporary}/shortlisted`, true),
      ", short-list",
    ),
  };
  const versions: string[] = [`deno ${Deno.version.deno}`];
  const ours = Object.entries(translators).map(([name, translator]) =>
    [name, timed(translator, subwords)] as const
  );
  const rows: ImportedRow[] = [];
  for (const set of sets.map(testSet)) {
    const words = set.source.join(" ").split(/\s+/).length;
    const seconds: Record<string, number[]> = {};
    const found: Record<string, readonly string[]> = {};
    const entrants: Record<string, Entrant> = {
      ...theirs({ peers, folder, temporary }, set, versions),
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
    cpu,
    cores: navigator.hardwareConcurrency,
    threads: 1,
    versions: [...new Set(versions)],
  };
  const command = "deno task bench imported";
  console.log(
    json
      ? JSON.stringify({ command, machine, rows }, null, 2)
      : rows.map((row) => Object.values(row).join("  ")).join("\n"),
  );
  for (const translator of Object.values(translators)) {
    await translator.dispose();
  }
}

/** Converts a model, and returns the folder. */
async function converted(
  model: string,
  out: string,
  usesShortlist: boolean,
): Promise<string> {
  const languages = { source: "pt", target: "en" };
  await convertModel({
    model,
    out,
    languages,
    search: EVALUATION,
    usesShortlist,
  });
  return out;
}

/** The translators of a converted model, by name. */
async function translatorsOf(
  folder: string,
  suffix: string,
): Promise<Record<string, Translator>> {
  const saved = loadModel(`${folder}/model.safetensors`, "the model");
  const runtime = await loadRuntime();
  const path = `${folder}/shortlist.safetensors`;
  const shortlist = isFile(path)
    ? readShortlist(path, saved.vocabulary)
    : undefined;
  const graph = `${folder}/int8/translate.onnx`;
  const own = (precision: "float32" | "int8") =>
    createTranslator(runtime, saved, { threads: 1, precision, shortlist });
  return {
    [`ours, fp32${suffix}`]: await own("float32"),
    [`ours, int8${suffix}`]: await own("int8"),
    [`exported graph, int8, a sentence a run${suffix}`]: await openTranslation(
      graph,
      { threads: 1 },
    ),
    [`the same in the page's WebAssembly, in batches${suffix}`]:
      await openInPageRuntime(
        graph,
      ),
  };
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

/** The peers that are there, by name; each runs in a process of its own. */
function theirs(
  { peers, folder, temporary }: {
    readonly peers: Peers;
    readonly folder: string;
    readonly temporary: string;
  },
  { path: source }: TestSet,
  versions: string[],
): Record<string, Entrant> {
  const files = modelFiles(folder);
  const ending = (pattern: RegExp) =>
    files.find((file) => pattern.test(file)) ?? "";
  const model = ending(/\.(npz|bin)$/), vocabulary = ending(/\.spm$/);
  const shortlist = findMarianShortlist(folder);
  const script = (name: string) =>
    new URL(`../reference/${name}`, import.meta.url).pathname;
  const flags = ["--model", model, "--vocabulary", vocabulary];
  const entrant = (
    name: string,
    command: string,
    args: readonly string[],
    place: (out: string) => readonly string[] = (
      out,
    ) => ["--source", source, "--out", out],
    env?: Readonly<Record<string, string>>,
  ): Record<string, Entrant> => ({
    [name]: async () => {
      const out = Deno.makeTempFileSync({ dir: temporary });
      const { seconds, version } = await measured(
        name,
        command,
        [...args, ...place(out)],
        env,
      );
      versions.push(version);
      return { lines: linesOf(out), seconds };
    },
  });
  const bergamot = Deno.env.get("CKD_BENCH_BERGAMOT");
  const wasm = Deno.env.get("CKD_BENCH_BERGAMOT_WASM");
  const listed = shortlist === undefined ? [] : ["--shortlist", shortlist];
  return {
    // Its products are MKL's too, whose fastest setting is the last.
    ...entrant(
      MARIAN,
      peers.python,
      [script("imported/marian.py"), ...flags],
      undefined,
      peers.torch.at(-1)?.env,
    ),
    ...bergamot === undefined ? {} : entrant(
      "Bergamot, int8, short-list",
      bergamot,
      [script("imported/bergamot_native.py"), ...flags, ...listed],
    ),
    ...wasm === undefined || shortlist === undefined ? {} : entrant(
      "Bergamot's WebAssembly, int8, short-list",
      "node",
      [
        script("imported/bergamot_wasm.cjs"),
        wasm,
        model,
        vocabulary,
        shortlist,
        source,
      ],
      (out) => [out],
    ),
  };
}

/** What a peer prints last. */
async function measured(
  name: string,
  command: string,
  args: readonly string[],
  env?: Readonly<Record<string, string>>,
): Promise<{ readonly seconds: number; readonly version: string }> {
  const { stdout, stderr, success } = await new Deno.Command(command, {
    args: [...args],
    env,
    stdout: "piped",
    stderr: "piped",
  }).output();
  const lastOf = (bytes: Uint8Array) =>
    new TextDecoder().decode(bytes).trim().split("\n").at(-1) ?? "";
  if (!success) {
    throw inputError(
      `Cannot measure ${name}: ${
        lastOf(stderr)
      }; see "deno task bench imported --help".`,
    );
  }
  return JSON.parse(lastOf(stdout));
}
