/** Translations and their statistics beside committed results: a packed file of each for every test set, without its sentences. */
import { Buffer } from "node:buffer";
import { gunzipSync, gzipSync } from "node:zlib";
import { z } from "zod";
import { printable } from "../../base/names.ts";
import {
  jsonIfValid,
  namesIn,
  readIfThere,
} from "../../engine/files/atomic.ts";
import { failure } from "../../engine/files/failure.ts";
import { sha256 } from "../../engine/files/hash.ts";
import type { Store } from "../../engine/store/object_store.ts";
import type { Artifact, Manifest } from "../../schemas/manifest.ts";

/** The outputs of an evaluation that are packed, all of them ours. */
const OUTPUTS = ["hypotheses", "statistics"] as const;

/** `hypotheses.jsonl.gz`, or with the language pair and test set before it. */
const NAME = /^(?:(?<set>.+)\.)?(?:hypotheses|statistics)\.jsonl\.gz$/;

/** More than any test set takes, packed and unpacked; a larger file is refused. */
const MOST_PACKED_BYTES = 64 << 20;
const MOST_BYTES = 256 << 20;

/**
 * In a file, the first line names the columns, each an output of an evaluation; the others have a line of each output.
 * Beside each other, translations of two systems pack to 0.8 of what they take one after the other.
 */
const Columns = z.array(z.strictObject({
  node: z.string(),
  output: z.enum(OUTPUTS),
})).min(1);
const Row = z.array(z.string());

export interface Packed {
  /** Contents by the file's name. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Evaluations of which the store has not both outputs. */
  readonly lacking: readonly string[];
}

/** Packs the translations and statistics of a manifest's evaluations. */
export function pack(
  store: Pick<Store, "path">,
  { nodes }: Pick<Manifest, "nodes">,
): Packed {
  const files = new Map<string, Uint8Array>();
  const lacking = new Set<string>();
  const evaluations = Object.entries(nodes)
    .filter(([, { preimage }]) => preimage.stage === "evaluate");
  const bySet = Map.groupBy(evaluations, ([, { inputs }]) => inputs.corpus);
  for (const [corpus, evaluations] of bySet) {
    const [set] = corpus.includes("/") ? corpus.split("/", 1) : [];
    for (const output of OUTPUTS) {
      const columns: { readonly node: string; readonly lines: string[] }[] = [];
      for (const [node, { outputs }] of evaluations) {
        const lines = linesOf(store, outputs[output]);
        const isThere = lines !== undefined &&
          lines.length === (columns[0]?.lines ?? lines).length;
        if (isThere) columns.push({ node, lines });
        else lacking.add(node);
      }
      if (columns.length === 0) continue;
      const head = columns.map(({ node }) => ({ node, output }));
      const rows = columns[0].lines.map((_, i) =>
        columns.map(({ lines }) => lines[i])
      );
      const text = [head, ...rows].map((row) => `${JSON.stringify(row)}\n`);
      files.set(
        `${set === undefined ? "" : `${set}.`}${output}.jsonl.gz`,
        gzipSync(text.join(""), { level: 9 }),
      );
    }
  }
  return { files, lacking: [...lacking] };
}

/** The lines of an artifact whose object is there and as it was made. */
function linesOf(
  store: Pick<Store, "path">,
  artifact: Artifact | undefined,
): string[] | undefined {
  const text = artifact && readIfThere(store.path(artifact));
  if (text === undefined || sha256(text) !== artifact?.sha256) return undefined;
  const lines = text.split("\n");
  return lines.pop() === "" ? lines : undefined;
}

/** The names of the packed files in a folder of committed results. */
export function packedIn(folder: string): string[] {
  return namesIn(folder).filter((name) => NAME.test(name)).sort();
}

export interface Unpacked {
  readonly artifact: Artifact;
  readonly text: string;
}

/**
 * The artifacts in a packed file, each with the hash that the manifest has for it.
 *
 * @throws a `RangeError` with the reason where a file is not as it was written
 */
export function unpack(
  path: string,
  { nodes }: Pick<Manifest, "nodes">,
): Unpacked[] {
  const { size } = Deno.statSync(path);
  if (size > MOST_PACKED_BYTES) {
    throw new RangeError(
      `expected at most ${MOST_PACKED_BYTES} bytes, found ${size}`,
    );
  }
  const [head, ...rows] = unzipped(Deno.readFileSync(path)).split("\n");
  const columns = Columns.safeParse(jsonIfValid(head)).data;
  if (columns === undefined || rows.pop() !== "") {
    throw new RangeError("it does not say what it has");
  }
  const texts = columns.map((): string[] => []);
  rows.forEach((line, i) => {
    const row = Row.safeParse(jsonIfValid(line)).data;
    if (row?.length !== columns.length) {
      throw new RangeError(
        `line ${i + 2} has not the lines of ${columns.length} systems`,
      );
    }
    row.forEach((text, column) => texts[column].push(text));
  });
  const records = new Map(Object.entries(nodes));
  return columns.map(({ node, output }, i) => {
    const text = texts[i].map((line) => `${line}\n`).join("");
    const artifact = records.get(node)?.outputs[output];
    if (artifact === undefined || sha256(text) !== artifact.sha256) {
      throw new RangeError(
        `its ${output} of "${
          printable(node)
        }" are not those that manifest.json records`,
      );
    }
    return { artifact, text };
  });
}

/**
 * As `unpack`.
 *
 * @throws a failure that names the file where it is not as it was written
 */
export function unpackSaved(
  path: string,
  manifest: Pick<Manifest, "nodes">,
): Unpacked[] {
  try {
    return unpack(path, manifest);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw failure(
      `Cannot use "${path}": ${error.message}; restore it with git.`,
    );
  }
}

/** What comes before the names of the nodes that a packed file is of: `pt-en/`, or nothing. */
export function prefixOfPacked(name: string): string {
  const set = NAME.exec(name)?.groups?.set;
  return set === undefined ? "" : `${set}/`;
}

function unzipped(bytes: Uint8Array): string {
  try {
    return gunzipSync(Buffer.from(bytes), { maxOutputLength: MOST_BYTES })
      .toString();
  } catch (error) {
    throw new RangeError(
      `it is no whole gzip file of at most ${MOST_BYTES} bytes unpacked`,
      { cause: error },
    );
  }
}
