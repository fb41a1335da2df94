/** Changes which subwords an imported model has: characters are added, subwords are left out. */
import { z } from "zod";
import { inputError } from "../../base/input_error.ts";
import { EOS } from "../../schemas/experiment/vocabulary.ts";
import { takeNormalizer } from "../text/normalization/stored_normalizer.ts";

/** One subword of a changed vocabulary: an id of the vocabulary before, or a character that it lacks. */
export type Entry = { readonly id: number } | { readonly character: string };

const Model = z.discriminatedUnion("type", [
  z.looseObject({
    type: z.literal("Unigram"),
    unk_id: z.int().min(0),
    vocab: z.array(z.tuple([z.string(), z.number()])),
  }),
  z.looseObject({
    type: z.literal("BPE"),
    unk_token: z.string(),
    vocab: z.record(z.string(), z.int().min(0)),
    merges: z.array(z.tuple([z.string(), z.string()])),
  }),
]);
type Model = z.infer<typeof Model>;

const Tokenizer = z.looseObject({ model: Model });

/** The `tokenizer.json` of an import: `target` where that side is cut otherwise, ids from `known` on stand for the unknown subword. */
const Stored = Tokenizer.extend({
  target: Tokenizer.optional(),
  known: z.int().min(0).optional(),
});

/** The subwords of an imported model that can be changed. */
export interface ChangeableSubwords {
  /** Subwords by id. */
  readonly subwords: readonly string[];
  readonly unknown: number;
  /** Ids from here on stand for the unknown subword. */
  readonly known: number;
  /** Whether one set of pieces cuts both sides. */
  readonly isShared: boolean;
  /**
   * Characters of some lines that the vocabulary lacks, the most frequent first.
   *
   * @throws An input error where each side has pieces of its own.
   */
  missingCharacters(lines: AsyncIterable<string>): Promise<string[]>;
  /** These ids, and those that no text can be cut without: special ones, single characters, and what their merges go through. */
  closure(ids: ReadonlySet<number>): Set<number>;
  /** The text of a `tokenizer.json` whose subwords are these entries, in their order. */
  changed(entries: readonly Entry[]): string;
}

/**
 * Reads the `tokenizer.json` that the import of a model wrote; `what` is its name for the user.
 *
 * @throws An input error for any other.
 */
export function changeableSubwords(
  text: string,
  what: string,
): ChangeableSubwords {
  const parsed = Stored.safeParse(JSON.parse(text));
  if (!parsed.success) {
    throw inputError(
      `Cannot change ${what}: expected the subwords of an imported model, found others; import the model again.`,
    );
  }
  const { target, known: stored, ...source } = parsed.data;
  const sides = target === undefined ? [source] : [source, target];
  const subwords = subwordsOf(source.model);
  const known = stored ?? subwords.length;
  const unknown = unknownOf(source.model);
  const idOf = new Map(subwords.map((subword, id) => [subword, id]));
  return {
    subwords,
    unknown,
    known,
    isShared: target === undefined,
    missingCharacters: async (lines) => {
      if (target !== undefined) {
        throw inputError(
          `Cannot add characters to ${what}: source and target are cut by pieces of their own; set "teacher.adaptation.characters" to 0.`,
        );
      }
      const { normalize } = takeNormalizer(source, what);
      const isOfText = (subword: string, id: number) =>
        id > EOS && id !== unknown && id < known &&
        !isOnlyDecoded(subword) && !isByte(subword);
      const characters = new Set([" ", ...subwords.filter(isOfText).join("")]);
      const counts = new Map<string, number>();
      for await (const line of lines) {
        for (const character of normalize(line)) {
          if (characters.has(character)) continue;
          counts.set(character, (counts.get(character) ?? 0) + 1);
        }
      }
      return [...counts]
        .sort(([a, times], [b, others]) => others - times || (a < b ? -1 : 1))
        .map(([character]) => character);
    },
    closure: (ids) => {
      const kept = new Set(ids);
      subwords.forEach((subword, id) => {
        const isNeeded = id <= EOS || id === unknown || id >= known ||
          [...subword].length === 1 || isByte(subword);
        if (isNeeded) kept.add(id);
      });
      for (const { model } of sides) addMerged(kept, model, idOf);
      return kept;
    },
    changed: (entries) => {
      const change = <Side extends z.infer<typeof Tokenizer>>(side: Side) => ({
        ...side,
        model: changedModel(side.model, entries),
      });
      const isStandIn = (entry: Entry) => "id" in entry && entry.id >= known;
      const standIns = entries.filter(isStandIn).length;
      return JSON.stringify({
        ...change(source),
        ...target === undefined ? {} : { target: change(target) },
        ...standIns === 0 ? {} : { known: entries.length - standIns },
      });
    },
  };
}

/** A subword that no text becomes: normalized text has no space. */
const isOnlyDecoded = (subword: string) => subword.startsWith(" ");

/** One of the bytes that a model falls back to. */
const isByte = (subword: string) => /^<0x[0-9A-F]{2}>$/.test(subword);

function subwordsOf(model: Model): string[] {
  if (model.type === "Unigram") return model.vocab.map(([subword]) => subword);
  return Object.entries(model.vocab).sort(([, a], [, b]) => a - b)
    .map(([subword]) => subword);
}

function unknownOf(model: Model): number {
  return model.type === "Unigram" ? model.unk_id : model.vocab[model.unk_token];
}

/** Adds what the kept subwords are merged of, so that text that is cut into them goes through the same merges. */
function addMerged(
  kept: Set<number>,
  model: Model,
  idOf: ReadonlyMap<string, number>,
): void {
  if (model.type === "Unigram") return;
  const names = subwordsOf(model);
  const mergesOf = Map.groupBy(model.merges, ([left, right]) => left + right);
  const open = [...kept];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const subword = names[id];
    for (const part of (mergesOf.get(subword) ?? []).flat()) {
      const partId = idOf.get(part);
      if (partId === undefined || kept.has(partId)) continue;
      kept.add(partId);
      open.push(partId);
    }
  }
}

/** SentencePiece takes an unknown character for this much less probable than its least probable subword. */
const UNKNOWN_PENALTY = 10;

function changedModel(model: Model, entries: readonly Entry[]): Model {
  if (model.type === "Unigram") {
    const { vocab } = model;
    const least = vocab.reduce((least, [, score]) => Math.min(least, score), 0);
    return {
      ...model,
      unk_id: entries.findIndex((entry) =>
        "id" in entry && entry.id === model.unk_id
      ),
      vocab: entries.map((entry): [string, number] =>
        "id" in entry
          ? vocab[entry.id]
          : [entry.character, least - UNKNOWN_PENALTY]
      ),
    };
  }
  const names = subwordsOf(model);
  const vocab = Object.fromEntries(
    entries.map((entry, id) => [
      "id" in entry ? names[entry.id] : entry.character,
      id,
    ]),
  );
  const isKept = (subword: string) => Object.hasOwn(vocab, subword);
  return {
    ...model,
    vocab,
    merges: model.merges.filter(([left, right]) =>
      isKept(left) && isKept(right) && isKept(left + right)
    ),
  };
}
