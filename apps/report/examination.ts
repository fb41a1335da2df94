/** Runs the models of a language pair on validation sentences: similarity of their layers, and attention. */
import { loadModel } from "../../nmt/transformer/checkpoint.ts";
import { isInputError } from "../../base/input_error.ts";
import type { Runtime } from "../../nmt/tensor/program.ts";
import { loadRuntime } from "../../nmt/tensor/runtime.ts";
import { type Batch, makeBatch } from "../../nmt/text/subwords/batches.ts";
import {
  loadSubwords,
  type Subwords,
} from "../../nmt/text/subwords/subwords.ts";
import { labelOf } from "../../nmt/text/subwords/reserved.ts";
import {
  lengthOf,
  readTokens,
  sentence,
  type Side,
  type Tokens,
} from "../../nmt/text/subwords/tokens.ts";
import { cka, type Gram, gram } from "./cka.ts";
import { type AttentionMap, CROSS, type Inside, lookInside } from "./inside.ts";
import { pathIfThere, type Source, validationOf } from "./source.ts";
import type { Trained } from "./trained.ts";

/** Pairs that the models are run on, spread over the validation set. */
const PAIRS = 48;
/** Positions that layers are compared at: the work grows with their square. */
const POSITIONS = 256;
/** Sentences whose attention is shown, and the subwords that each side of one has. */
const SENTENCES = 4;
const LENGTH = { least: 4, most: 16 };

/** CKA of layers, [teacher layer][student layer], lowest first. */
export type Likeness = Readonly<
  Record<"encoder" | "decoder", readonly (readonly number[])[]>
>;

export interface ShownSentence {
  /** The subwords that are looked at, and those that are said next; both with their end. */
  readonly source: readonly string[];
  readonly target: readonly string[];
}

export interface ExaminedModel {
  readonly system: string;
  /** To the teacher; the teacher has none. */
  readonly likeness?: Likeness;
  /** On the source, by sentence and layer, lowest first. */
  readonly attention: readonly (readonly AttentionMap[])[];
}

export interface Examination {
  readonly sentences: readonly ShownSentence[];
  readonly models: readonly ExaminedModel[];
  readonly pairs: number;
  readonly positions: number;
  /** What could not be examined, a sentence each. */
  readonly missing: readonly string[];
}

/** Calls `report` before each model runs. What is missing or cannot be read is in `missing`; the rest is examined. */
export async function examine(
  source: Source,
  trained: readonly Trained[],
  report: (system: string) => void,
): Promise<Examination> {
  const missing: string[] = [];
  const nothing = {
    sentences: [],
    models: [],
    pairs: 0,
    positions: 0,
    missing,
  };
  // Its subwords are cut otherwise than the teacher's, which has learned characters that it lacks.
  const alike = trained.filter(({ family }) => family !== "imported");
  const first = alike.map(({ nodes: [node] }) => validationOf(source, node))
    .find((text) => text !== undefined);
  if (first === undefined) {
    missing.push("The tokenized validation sentences are not there.");
    return nothing;
  }
  const models: ExaminedModel[] = [];
  const ready = await attempt(missing, async () => {
    const tokens = readTokens(first.validation);
    const batch = batchOf(tokens);
    return {
      runtime: await loadRuntime(),
      tokens,
      batch,
      subwords: await loadSubwords(first.tokenizer),
      rows: chosenRows(tokens, batch),
      positions: {
        encoder: spread(batch.sourceTokens, POSITIONS),
        decoder: spread(batch.targetTokens, POSITIONS),
      },
    };
  });
  if (ready === undefined) return nothing;
  const { tokens, batch, subwords, rows, positions } = ready;
  let teacher: Grams | undefined;
  const gone: string[] = [], withoutText: string[] = [];
  for (const { system, nodes: [node], family } of alike) {
    const model = source.manifest.nodes[node]?.outputs.model;
    const path = pathIfThere(source, model);
    if (path === undefined) {
      gone.push(system);
      continue;
    }
    const text = validationOf(source, node);
    if (text === undefined) {
      withoutText.push(system);
      continue;
    }
    report(system);
    const inside = await attempt(missing, () => {
      const tokens = readTokens(text.validation);
      return look(ready.runtime, path, system, {
        tokens,
        batch: batchOf(tokens),
      });
    });
    if (inside === undefined) continue;
    const grams = gramsOf(inside, positions);
    if (family === "teacher") teacher = grams;
    models.push({
      system,
      likeness: family === "teacher" || teacher === undefined
        ? undefined
        : likenessOf(teacher, grams),
      attention: rows.map((row) =>
        CROSS.flatMap((attention) => inside.maps(attention, row))
      ),
    });
  }
  if (gone.length > 0) {
    missing.push(`Models that are not there: ${gone.join(", ")}.`);
  }
  if (withoutText.length > 0) {
    missing.push(
      `Models whose tokenized validation sentences are not there: ${
        withoutText.join(", ")
      }.`,
    );
  }
  if (teacher === undefined) {
    missing.push(
      "Without the teacher's model no layer is compared with its own.",
    );
  }
  return {
    sentences: await Promise.all(
      rows.map((row) => shown(subwords, tokens, batch.pairs[row])),
    ),
    models,
    pairs: batch.rows,
    positions: Math.min(positions.encoder.length, positions.decoder.length),
    missing,
  };
}

function batchOf(tokens: Tokens): Batch {
  return makeBatch(tokens, Int32Array.from(spread(tokens.pairs, PAIRS)));
}

/** What is done, or undefined where an input is broken, which is said. */
async function attempt<T>(
  missing: string[],
  act: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    if (!isInputError(error)) throw error;
    missing.push(error.message);
    return undefined;
  }
}

function look(
  runtime: Runtime,
  path: string,
  system: string,
  { tokens, batch }: { readonly tokens: Tokens; readonly batch: Batch },
): Promise<Inside> {
  const saved = loadModel(path, `the model of ${system}`);
  return lookInside(runtime, saved, tokens, batch);
}

type Grams = Readonly<Record<"encoder" | "decoder", readonly Gram[]>>;

function gramsOf(
  inside: Inside,
  positions: Readonly<Record<"encoder" | "decoder", readonly number[]>>,
): Grams {
  const of = (stack: "encoder" | "decoder") =>
    inside.states(stack, positions[stack])
      .map((states) => gram(states, states.length / positions[stack].length));
  return { encoder: of("encoder"), decoder: of("decoder") };
}

function likenessOf(teacher: Grams, student: Grams): Likeness {
  const of = (stack: "encoder" | "decoder") =>
    teacher[stack].map((theirs) =>
      student[stack].map((own) => cka(theirs, own))
    );
  return { encoder: of("encoder"), decoder: of("decoder") };
}

/** Rows of the batch with sentences that fit a screen; where none do, the shortest. */
function chosenRows(tokens: Tokens, { pairs }: Batch): number[] {
  const lengths = Array.from(pairs, (pair, row) => {
    const [source, target] = [tokens.source, tokens.target]
      .map((side) => lengthOf(side, pair));
    return {
      row,
      least: Math.min(source, target),
      most: Math.max(source, target),
    };
  });
  const fitting = lengths.filter(({ least, most }) =>
    least >= LENGTH.least && most <= LENGTH.most
  );
  const candidates = fitting.length > 0
    ? fitting
    : lengths.toSorted((a, b) => a.most - b.most).slice(0, SENTENCES);
  return spread(candidates.length, SENTENCES).map((i) => candidates[i].row);
}

async function shown(
  subwords: Subwords,
  { source, target }: Tokens,
  pair: number,
): Promise<ShownSentence> {
  const pieces = async (side: Side) => [
    ...await piecesOf(subwords, sentence(side, pair)),
    "end",
  ];
  return { source: await pieces(source), target: await pieces(target) };
}

/** What is shown for each subword: its text, after a dash where it begins no word, or what is reserved. */
export async function piecesOf(
  { decode, languages = [], placeholders = 0, casing = false }: Subwords,
  ids: Int32Array,
): Promise<string[]> {
  const texts = await decode(Array.from(ids, (id) => [id]));
  return texts.map((text, i) =>
    labelOf(ids[i], { languages, placeholders, casing }) ??
      (i === 0 || text.startsWith(" ") ? text.trim() : `-${text}`)
  );
}

/** So many indices below `count`, at even distances; all of them where there are fewer. */
function spread(count: number, most: number): number[] {
  const taken = Math.min(count, most);
  return Array.from(
    { length: taken },
    (_, i) => Math.floor(i * count / taken),
  );
}
