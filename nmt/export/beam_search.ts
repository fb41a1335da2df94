/** Beam search as an ONNX Loop, whose state is the beam of each sentence and the best hypotheses that have ended. */
import type { SavedModel } from "../transformer/checkpoint.ts";
import { BOS, EOS, PAD } from "../../schemas/experiment/vocabulary.ts";
import { CANDIDATE } from "../decoding/candidates.ts";
import { type Graph, graph } from "../tensor/onnx/graph.ts";
import {
  type Border,
  type Repetition,
  TYPES,
} from "../tensor/onnx/onnx_model.ts";
import { give, type Parts, range } from "./parts.ts";
import { cacheNames } from "./programs.ts";

/** Constants of a search, by their names in the surrounding graph. */
export interface Sentences {
  /** Ids of each source sentence, int64 [batch, 1]. */
  readonly lengths: string;
  /** Places of the longest with its end, int64 [1]. */
  readonly width: string;
  /** Ids that a hypothesis may have, int64 [batch, 1]. */
  readonly limit: string;
  /** Hypotheses kept a sentence, less those that have ended, int64 [1]. */
  readonly beam: string;
  /** How many of the best are wanted, int64 [1]. */
  readonly count: string;
  /** Exponent of the length that a score is divided by. */
  readonly lengthPenalty: number;
}

/** The best that have ended, as many as the beam, best first. */
export interface Found {
  /** int64 [batch, beam, longest], each from its begin of sentence on, then padding; only padding where there is none. */
  readonly ids: string;
  /** log p of each, [batch, beam]; -Infinity where there is none. */
  readonly scores: string;
  /** Cross-attention of the best: of each id and of the end, then zeros, [batch, longest, source]. */
  readonly attention: string;
  readonly repetition: Repetition;
}

/** A value that each step gives to the next one. */
interface State extends Border {
  /** What it is at first. */
  readonly initial: string;
}

/** Names under which the steps read what stays. */
const BEAM = "hypotheses",
  RANKS = "ranks",
  ALL = "all hypotheses",
  ROWS = "rows",
  LIMIT = "limit",
  LONGEST = "longest norm",
  CHOICES = "candidates",
  LAST_WANTED = "last wanted";

/** In a path, where no hypothesis is: behind its end. */
const NOWHERE = -1;

/**
 * Puts a search into a graph that has the outputs of the encoder by their names. The steps give their ids and attention as
 * they are; the path of a hypothesis says where in [steps, batch, beam] its own are.
 */
export function search(
  built: Graph,
  parts: Parts,
  sentences: Sentences,
): Found {
  const { emit } = built;
  const { lengths, width, limit, beam, count, lengthPenalty } = sentences;
  const { saved } = parts;
  const plus = (name: string, more: number) =>
    emit("Add", [name, built.int64s([more])]);
  give(built, BEAM, beam);
  give(built, RANKS, range(built, beam));
  const batch = emit("Shape", [lengths], { end: 1 });
  const all = emit("Mul", [batch, beam]);
  give(built, ALL, all);
  give(
    built,
    ROWS,
    emit("Reshape", [
      range(built, all),
      emit("Concat", [batch, beam], { axis: 0 }),
    ]),
  );
  give(built, LIMIT, limit);
  give(built, LONGEST, norm(built, limit, lengthPenalty));
  give(built, LAST_WANTED, plus(count, -1));
  // Padding, begin and end may be among the best of a hypothesis, and must not be among those of the sentence.
  const most = parts.shortlist === undefined
    ? built.int64s([saved.vocabulary])
    : emit("Shape", [CANDIDATE.ids]);
  give(built, CHOICES, emit("Min", [plus(beam, EOS + 1), most]));
  const state = initialState(built, saved, sentences);
  const repetition = repeated(parts, state, lengthPenalty);
  const ends = built.emitAll(
    "Loop",
    ["", built.scalar(1, "bool"), ...state.map(({ initial }) => initial)],
    {},
    repetition.outputs.length - 1,
  );
  const end = (name: string) =>
    ends[state.findIndex((value) => value.name === name)];
  const [tokens, attention] = ends.slice(state.length); // [steps, batch, beam, ...]
  const found = end("found");
  const best = emit("Gather", [found, built.scalar(0, "int64")], { axis: 1 });
  const isOn = (path: string) =>
    emit("Greater", [path, built.int64s([NOWHERE])]);
  const along = (path: string, values: string, ...size: string[]) => {
    const shape = [built.int64s([-1]), ...size];
    const flat = emit("Concat", shape, { axis: 0 });
    return emit("Gather", [emit("Reshape", [values, flat]), path], { axis: 0 });
  };
  return {
    ids: emit("Where", [
      isOn(found),
      along(found, tokens),
      built.scalar(PAD, "int64"),
    ]),
    scores: end("found.score"),
    attention: emit("Where", [
      emit("Unsqueeze", [isOn(best), built.int64s([2])]),
      along(best, attention, width),
      built.scalar(0, "float32"),
    ]),
    repetition,
  };
}

/** What a score of hypotheses of so many ids, int64, is divided by. */
function norm(built: Graph, length: string, lengthPenalty: number): string {
  const ids = built.emit("Add", [length, built.int64s([1])]);
  return built.emit("Pow", [
    built.emit("Cast", [ids], { to: TYPES.float32 }),
    built.scalar(lengthPenalty, "float32"),
  ]);
}

/** Each sentence has one hypothesis, the begin of sentence; others in its beam are impossible. */
function initialState(
  built: Graph,
  saved: SavedModel,
  { lengths, beam }: Sentences,
): State[] {
  const { emit, int64s } = built;
  const shape = (...sizes: (number | string)[]) =>
    emit(
      "Concat",
      sizes.map((size) => typeof size === "number" ? int64s([size]) : size),
      { axis: 0 },
    );
  const beams = shape(emit("Shape", [lengths], { end: 1 }), beam); // batch, beam
  const full = (value: string, shape: string) => emit("Expand", [value, shape]);
  const zeros = (...sizes: (number | string)[]) =>
    emit("ConstantOfShape", [shape(beams, ...sizes)]);
  const begin = built.scalar(BOS, "int64");
  const none = built.scalar(-Infinity, "float32");
  const { heads, width: features, autoregression } = saved.model;
  const first = emit("Where", [
    emit("Equal", [range(built, beam), int64s([0])]),
    built.scalar(0, "float32"),
    none,
  ]);
  const nowhere = built.scalar(NOWHERE, "int64");
  const integers = (name: string, initial: string): State => ({
    name,
    type: "int64",
    initial,
  });
  const floats = (name: string, initial: string): State => ({
    name,
    type: "float32",
    initial,
  });
  const past = autoregression === "ssru"
    ? zeros(features)
    : zeros(heads, 0, features / heads);
  return [
    integers("token", full(begin, beams)),
    floats("score", full(first, beams)),
    integers("path", full(nowhere, shape(beams, 0))),
    integers("found", full(nowhere, shape(beams, 1))),
    floats("found.score", full(none, beams)),
    floats("found.norm", full(none, beams)),
    integers("ends", emit("Sub", [lengths, lengths])),
    { name: "done", type: "bool", initial: emit("Less", [lengths, lengths]) },
    ...cacheNames("past", saved.model).map((name) => floats(name, past)),
  ];
}

type Operators = ReturnType<typeof operators>;

/** Operators on values of hypotheses, [batch, beam, ...]. */
function operators(built: Graph) {
  const { emit, int64s } = built;
  return {
    emit,
    int64s,
    /** The score of what there is not. */
    none: built.scalar(-Infinity, "float32"),
    join: (one: string, other: string, axis: number) =>
      emit("Concat", [one, other], { axis }),
    /** The values and places of the largest along the last axis, in their order; of equal ones the first come first. */
    best: (scores: string, most: string) => {
      const [values, places] = built.emitAll(
        "TopK",
        [scores, most],
        { axis: -1, sorted: 1 },
        2,
      );
      return { values, places };
    },
    /** Of numbers [batch, from], those at some places [batch, beam]. */
    at: (numbers: string, places: string) =>
      emit("GatherElements", [numbers, places], { axis: 1 }),
    /** Of what belongs to hypotheses, [batch, from, ...], that of those at some places [batch, beam]. */
    of: (values: string, places: string) =>
      emit("GatherND", [values, emit("Unsqueeze", [places, int64s([2])])], {
        batch_dims: 1,
      }),
    /** One more place along axis 2. */
    padded: (values: string, padding: string) =>
      emit("Pad", [values, int64s([0, 1]), padding, int64s([2])]),
    /** Which places of [batch, beam] are among the first, as many as [batch, 1] says. */
    isAmong: (count: string) => emit("Less", [RANKS, count]),
    /** [batch, beam, ...] to [batch, beam, 1, ...]. */
    column: (values: string) => emit("Unsqueeze", [values, int64s([2])]),
  };
}

/**
 * The best continuations of each sentence, of log p [batch, beam, vocabulary] of the next id, or of log p of the candidates of
 * a short-list.
 */
function continuations(
  { emit, int64s, none, best, at, column }: Operators,
  logp: string,
  isShortlisted: boolean,
): Readonly<Record<"token" | "score" | "parent", string>> {
  const { values, places: words } = best(logp, CHOICES); // [batch, beam, choices]
  const isWord = emit("Greater", [words, int64s([EOS])]);
  const extended = emit("Add", [
    emit("Where", [isWord, values, none]),
    column("score"),
  ]);
  const flat = (name: string) => emit("Reshape", [name, int64s([0, -1])]);
  const { values: score, places } = best(flat(extended), BEAM);
  const chosen = at(flat(words), places);
  return {
    token: isShortlisted
      ? emit("Gather", [CANDIDATE.ids, chosen], { axis: 0 })
      : chosen,
    score,
    parent: emit("Div", [places, CHOICES]),
  };
}

/**
 * Which hypotheses end: those whose end is among the best of all ends and continuations, of which as many are taken as
 * hypotheses have not ended yet; of equal ones ends come first.
 */
function isAmongBest(
  { emit, int64s, join, best, isAmong }: Operators,
  ended: string,
  score: string,
  zero: string,
): string {
  const all = join(ended, score, 1);
  const { places } = best(all, BEAM);
  const marks = emit("ScatterElements", [
    emit("Expand", [zero, emit("Shape", [all])]),
    places,
    emit("Cast", [isAmong(emit("Sub", [BEAM, "ends"]))], {
      to: TYPES.float32,
    }),
  ], { axis: 1 });
  const own = emit("Slice", [marks, int64s([0]), BEAM, int64s([1])]);
  return emit("Greater", [own, zero]);
}

/** Whether no hypothesis that is alive can come among the best that are wanted, [batch, 1]. */
function isBeyond(
  { emit, int64s, none }: Operators,
  foundNorm: string,
  score: string,
): string {
  const worst = emit("Gather", [foundNorm, LAST_WANTED], { axis: 1 });
  // A log probability only falls, and is divided by no more than the longest norm.
  const attainable = emit("Div", [
    emit("Slice", [score, int64s([0]), int64s([1]), int64s([1])]),
    LONGEST,
  ]);
  return emit("And", [
    emit("GreaterOrEqual", [worst, attainable]),
    emit("Greater", [worst, none]),
  ]);
}

/**
 * A step of the search of each sentence, as `searchSentence` takes it: from hypotheses to their best continuations, with
 * those that end here put among the best that have ended. A sentence whose search is over takes no more in.
 */
function repeated(
  parts: Parts,
  state: readonly State[],
  lengthPenalty: number,
): Repetition {
  const built = graph([]);
  const operations = operators(built);
  const { emit, int64s, none, join, best, at, of, isAmong, padded, column } =
    operations;
  const place = emit("Reshape", ["iteration", int64s([1])]);
  const made = parts.step(built, { token: "token", place });
  const isShortlisted = parts.shortlist !== undefined;
  const logits = isShortlisted
    ? emit("Add", [made.logits, CANDIDATE.hidden])
    : made.logits;
  const logp = emit("LogSoftmax", [logits], { axis: -1 });
  const { token, score, parent } = continuations(
    operations,
    logp,
    isShortlisted,
  );

  const ended = emit("Add", [
    "score",
    emit("Gather", [logp, built.scalar(EOS, "int64")], { axis: 2 }),
  ]); // [batch, beam]
  const isLast = emit("Equal", [LIMIT, place]); // [batch, 1]
  const zero = built.scalar(0, "float32");
  const mayEnd = emit("And", [
    emit("Or", [isAmongBest(operations, ended, score, zero), isLast]),
    emit("Not", ["done"]),
  ]);
  const isEnd = emit("And", [mayEnd, emit("Greater", [ended, none])]);
  const normalised = emit("Div", [ended, norm(built, place, lengthPenalty)]);

  const row = emit("Add", [ROWS, emit("Mul", [place, ALL])]);
  const path = join("path", column(row), 2); // [batch, beam, time]
  const { values: foundNorm, places: kept } = best(
    join("found.norm", emit("Where", [isEnd, normalised, none]), 1),
    BEAM,
  );
  const found = of(join("found", path, 1), kept);

  const ends = emit("Add", [
    "ends",
    emit("ReduceSum", [
      emit("Cast", [isEnd], { to: TYPES.int64 }),
      int64s([1]),
    ], { keepdims: 1 }),
  ]); // [batch, 1]
  const isOver = emit("Or", [
    emit("Or", [isLast, emit("GreaterOrEqual", [ends, BEAM])]),
    isBeyond(operations, foundNorm, score),
  ]);
  const done = emit("Or", ["done", isOver]);
  const open = emit("Cast", [emit("Not", [done])], { to: TYPES.int64 });
  const going = emit("Cast", [emit("ReduceMax", [open], { keepdims: 0 })], {
    to: TYPES.bool,
  });

  const next: Record<string, string> = {
    token,
    score: emit("Where", [isAmong(emit("Sub", [BEAM, ends])), score, none]),
    path: of(path, parent),
    found: padded(found, built.scalar(NOWHERE, "int64")),
    "found.score": at(join("found.score", ended, 1), kept),
    "found.norm": foundNorm,
    ends,
    done,
  };
  const { model } = parts.saved;
  const present = cacheNames("present", model);
  cacheNames("past", model).forEach((name, i) =>
    next[name] = of(made[present[i]], parent)
  );
  give(built, "going", going);
  for (const { name } of state) give(built, `next ${name}`, next[name]);
  give(built, "each token", "token");
  give(built, "each attention", made.attention);
  return {
    recording: built.finish(),
    inputs: [
      { name: "iteration", type: "int64", shape: [] },
      { name: "condition", type: "bool", shape: [] },
      ...state.map(({ name, type }) => ({ name, type })),
    ],
    outputs: [
      { name: "going", type: "bool", shape: [] },
      ...state.map(({ name, type }) => ({ name: `next ${name}`, type })),
      { name: "each token", type: "int64" },
      { name: "each attention", type: "float32" },
    ],
  };
}
