/** Test sentences and translations beside committed results: a packed file for each test set, a line for each sentence. */
import { Buffer } from "node:buffer";
import { gunzipSync, gzipSync } from "node:zlib";
import { z } from "zod";
import {
  jsonIfValid,
  namesIn,
  readIfThere,
} from "../../engine/files/atomic.ts";
import { sha256 } from "../../engine/files/hash.ts";
import type { Store } from "../../engine/store/object_store.ts";
import type { Artifact, Manifest } from "../../schemas/manifest.ts";

/** `translations.jsonl.gz`, or with the language pair and test set before it. */
const NAME = /(^|\.)translations\.jsonl\.gz$/;

/** More than any test set has; a file that unpacks to more is refused. */
const MOST_BYTES = 512 << 20;

/** The lines of an artifact, by which node and as which output it was made. */
interface Column {
  readonly node: string;
  readonly output: "test" | "hypotheses";
}

/**
 * In a file, the first line names the columns: the test pairs, source and target with a tab between, then each system; all
 * others hold a sentence. Beside each other, texts of five columns pack to 0.6 of what they take one after the other.
 */
const Columns = z.array(z.strictObject({
  node: z.string(),
  output: z.enum(["test", "hypotheses"]),
})).min(1);
const Row = z.array(z.string());

export interface PackedTranslations {
  /** Contents by the file's name. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Evaluations of test sets whose texts are not all in the store. */
  readonly lacking: readonly string[];
}

/** Packs the test sentences and translations of a manifest's evaluations. */
export function packTranslations(
  store: Pick<Store, "path">,
  { nodes }: Pick<Manifest, "nodes">,
): PackedTranslations {
  const files = new Map<string, Uint8Array>();
  const lacking: string[] = [];
  const evaluations = Object.entries(nodes)
    .filter(([, { preimage }]) => preimage.stage === "evaluate");
  const bySet = Map.groupBy(evaluations, ([, { inputs }]) => inputs.corpus);
  for (const [corpus, evaluations] of bySet) {
    const names = evaluations.map(([name]) => name);
    const columns: Column[] = [
      { node: corpus, output: "test" },
      ...names.map((node) => ({ node, output: "hypotheses" as const })),
    ];
    const texts = columns.flatMap(({ node, output }) =>
      linesOf(store, nodes[node]?.outputs[output]) ?? []
    );
    const [first] = texts;
    const isWhole = texts.length === columns.length &&
      texts.every(({ length }) => length === first.length);
    if (!isWhole) {
      lacking.push(...names);
      continue;
    }
    const rows = first.map((_, i) => texts.map((lines) => lines[i]));
    const text = [columns, ...rows].map((row) => `${JSON.stringify(row)}\n`)
      .join("");
    const [set] = corpus.includes("/") ? corpus.split("/", 1) : [];
    const name = "translations.jsonl.gz";
    files.set(
      set === undefined ? name : `${set}.${name}`,
      gzipSync(text, { level: 9 }),
    );
  }
  return { files, lacking };
}

/** The lines of an artifact whose object is there and as it was made. */
function linesOf(
  store: Pick<Store, "path">,
  artifact: Artifact | undefined,
): [string[]] | undefined {
  const text = artifact && readIfThere(store.path(artifact));
  if (text === undefined || sha256(text) !== artifact?.sha256) return undefined;
  const lines = text.split("\n");
  return lines.pop() === "" ? [lines] : undefined;
}

/** The names of the packed files in a folder of committed results. */
export function packedIn(folder: string): string[] {
  return namesIn(folder).filter((name) => NAME.test(name)).sort();
}

/**
 * The texts in a packed file. What a column says is not checked against the manifest here: a store finds an artifact by the
 * hash of its content.
 *
 * @throws a `RangeError` with the reason where the file is not as one was written
 */
export function unpackTranslations(bytes: Uint8Array): string[] {
  let text: string;
  try {
    text = gunzipSync(Buffer.from(bytes), { maxOutputLength: MOST_BYTES })
      .toString();
  } catch (error) {
    throw new RangeError("it is no whole gzip file", { cause: error });
  }
  const [head, ...rows] = text.split("\n");
  const columns = Columns.safeParse(jsonIfValid(head)).data;
  if (columns === undefined || rows.pop() !== "") {
    throw new RangeError("it does not say which texts it has");
  }
  const texts = columns.map((): string[] => []);
  rows.forEach((line, i) => {
    const row = Row.safeParse(jsonIfValid(line)).data;
    if (row?.length !== columns.length) {
      throw new RangeError(
        `line ${i + 2} has not the ${columns.length} texts of a sentence`,
      );
    }
    row.forEach((text, column) => texts[column].push(text));
  });
  return texts.map((lines) => lines.map((line) => `${line}\n`).join(""));
}
