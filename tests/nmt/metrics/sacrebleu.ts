/** Real text, cases to score on it, and sacreBLEU's figures of them; run by itself it renews the figures. */
import { join } from "@std/path";
import { CORPORA, corporaMissing } from "../fixtures/corpora.ts";
import type { MetricName } from "../../../nmt/metrics/score.ts";
import { findPython, runPython } from "../../fixtures/python.ts";

/** One call of sacreBLEU. */
export interface Case {
  readonly hypotheses: readonly string[];
  readonly references: readonly (readonly string[])[];
  readonly metrics: readonly MetricName[];
  readonly tokenize: string;
  readonly lowercase: boolean;
  /** A second system for the paired bootstrap. */
  readonly against?: readonly string[];
}

type Numbers = Readonly<Partial<Record<MetricName, number>>>;

export interface Figures {
  readonly scores: Numbers;
  readonly p?: Numbers;
}

/** What sacreBLEU computed of the cases of messages in Portuguese, and the SHA-256 of the cases. */
export interface Recorded {
  readonly inputs: string;
  readonly figures: Readonly<Record<string, Figures>>;
}

/** Where real text is read from; `missing` says in the words of a test's title why it is not there. */
export interface Text {
  readonly name: string;
  readonly missing?: string;
  lines(): Promise<string[]>;
}

export const FIGURES = new URL("./sacrebleu_figures.json", import.meta.url);

const LINES = 1000;

const LANGUAGES = ["pt", "tr", "de"] as const;

/** Messages of the TypeScript compiler, which this project depends on, and prose of LibreOffice's help. */
export const texts = (): Text[] => [
  ...LANGUAGES.map((language) => ({
    name: `typescript ${language}`,
    lines: () => messages(language),
  })),
  ...LANGUAGES.map(libreOffice),
];

/** Messages of the TypeScript compiler. */
export async function messages(
  language: typeof LANGUAGES[number],
): Promise<string[]> {
  const folder = language === "pt" ? "pt-br" : language;
  const file = `./${folder}/diagnosticMessages.generated.json`;
  const url = new URL(file, import.meta.resolve("typescript"));
  const all: Record<string, string> = JSON.parse(await Deno.readTextFile(url));
  return Object.values(all)
    .filter((line) => !/[\n\r]/.test(line))
    .slice(0, LINES);
}

function libreOffice(language: string): Text {
  const path = join(CORPORA, "libreoffice-help", `${language}-en.tsv.gz`);
  const missing = corporaMissing(
    `libreoffice-help/${language}-en.tsv.gz`,
  ) || undefined;
  return {
    name: `libreoffice-help ${language}`,
    missing,
    lines: async () => {
      const { body } = await fetch(`file://${path}`);
      const unpacked = body?.pipeThrough(new DecompressionStream("gzip"));
      const rows = (await new Response(unpacked).text()).split("\n");
      return rows.slice(0, LINES).map((row) => row.split("\t")[2]);
    },
  };
}

/** Cases over all tokenizers, both cases of letters, one to three references, empty lines, several sizes, two systems. */
export function cases(lines: readonly string[]): Record<string, Case> {
  const good = lines.map((line, i) => corrupt(line, i, 0.05));
  const fair = lines.map((line, i) => corrupt(line, i + 1e6, 0.12));
  const poor = lines.map((line, i) => corrupt(line, i + 2e6, 0.35));
  const gaps = (texts: readonly string[], every: number) =>
    texts.map((line, i) => i % every === 0 ? "" : line);
  const plain: Omit<Case, "hypotheses"> = {
    references: [lines],
    metrics: ["bleu", "chrf"],
    tokenize: "13a",
    lowercase: false,
  };
  const all: Record<string, Case> = {};
  for (const tokenize of ["13a", "intl", "char", "none"]) {
    for (const lowercase of [false, true]) {
      all[`${tokenize}${lowercase ? ", lowercase" : ""}`] = {
        ...plain,
        hypotheses: fair,
        // chrF2 has no tokenizer: it is compared once.
        metrics: tokenize === "13a" ? plain.metrics : ["bleu"],
        tokenize,
        lowercase,
      };
    }
  }
  all["three references"] = {
    ...plain,
    hypotheses: fair,
    references: [gaps(lines, 5), good, poor],
  };
  for (const size of [1, 2, 10, 100]) {
    all[`${size} lines`] = {
      ...plain,
      hypotheses: fair.slice(0, size),
      references: [lines.slice(0, size)],
    };
  }
  all["empty hypotheses"] = { ...plain, hypotheses: gaps(fair, 7) };
  all["empty references"] = {
    ...plain,
    hypotheses: fair,
    references: [gaps(lines, 7)],
  };
  all["empty on both sides"] = {
    ...plain,
    hypotheses: gaps(fair, 3),
    references: [gaps(lines, 2), gaps(poor, 5)],
  };
  all["nothing but empty hypotheses"] = {
    ...plain,
    hypotheses: lines.map(() => ""),
  };
  all["unrelated lines"] = { ...plain, hypotheses: fair.toReversed() };
  all["equal lines"] = { ...plain, hypotheses: lines };
  const other = lines.map((line, i) => corrupt(line, i + 3e6, 0.13));
  all["against other"] = { ...plain, hypotheses: fair, against: other };
  for (const [name, against] of Object.entries({ good, fair, other })) {
    all[`100 lines against ${name}`] = {
      ...plain,
      hypotheses: fair.slice(0, 100),
      references: [lines.slice(0, 100), poor.slice(0, 100)],
      against: against.slice(0, 100),
    };
  }
  return all;
}

/** Drops, swaps, repeats and recases words or cuts their ends at about the given rate, determined by the seed. */
function corrupt(line: string, seed: number, rate: number): string {
  let state = seed + 1;
  const next = () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9 | 0;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
  };
  const words = line.split(" ");
  const changed: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    const change = next() / rate;
    const following = words[i + 1];
    if (change < 1) continue;
    if (change < 2 && following !== undefined) {
      changed.push(following, word);
      i++;
    } else if (change < 2.5) changed.push(word, word);
    else if (change < 3) changed.push(word.toUpperCase());
    else if (change < 4) changed.push(word.slice(0, -1));
    else changed.push(word);
  }
  return changed.join(" ").trim();
}

export async function sha256(text: string): Promise<string> {
  const bytes = new TextEncoder().encode(text);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

const SCRIPT = `
import json, logging, sys
from sacrebleu.metrics import BLEU, CHRF
from sacrebleu.significance import PairedTest
logging.disable(logging.CRITICAL)
results = []
for case in json.load(sys.stdin):
    def metrics():
        bleu = lambda: BLEU(tokenize=case["tokenize"], lowercase=case["lowercase"], references=case["references"])
        chrf = lambda: CHRF(lowercase=case["lowercase"], references=case["references"])
        return {name: {"bleu": bleu, "chrf": chrf}[name]() for name in case["metrics"]}
    result = {"scores": {}}
    signatures = {}
    for name, metric in metrics().items():
        result["scores"][name] = metric.corpus_score(case["hypotheses"], None).score
        signatures[name] = str(metric.get_signature())
    if case.get("against") is not None:
        systems = [("first", case["hypotheses"]), ("second", case["against"])]
        found, scores = PairedTest(systems, metrics(), None, test_type="bs")()
        result["p"] = {"bleu": scores["BLEU"][1].p_value, "chrf": scores["chrF2"][1].p_value}
        signatures = {"bleu": str(found["BLEU"]), "chrf": str(found["chrF2"])}
    results.append({"figures": result, "signatures": signatures})
print(json.dumps(results))
`;

/** What sacreBLEU says of the cases. */
export async function computed(
  python: string,
  all: Readonly<Record<string, Case>>,
): Promise<
  Record<string, { figures: Figures; signatures: Record<MetricName, string> }>
> {
  const results = await runPython(python, SCRIPT, Object.values(all));
  if (!Array.isArray(results)) throw new Error("expected a list of results");
  return Object.fromEntries(
    Object.keys(all).map((name, i) => [name, results[i]]),
  );
}

if (import.meta.main) {
  const { python, missing } = findPython("sacrebleu");
  if (missing !== undefined) throw new Error(missing);
  const all = cases(await messages("pt"));
  const results = Object.entries(await computed(python, all));
  const figures = Object.fromEntries(
    results.map(([name, { figures }]) => [name, figures]),
  );
  const inputs = await sha256(JSON.stringify(all));
  const text = JSON.stringify({ inputs, figures }, rounded, 2);
  await Deno.writeTextFile(FIGURES, text + "\n");
}

function rounded(_key: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toFixed(9)) : value;
}
