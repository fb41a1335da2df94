/** The decoder as Hugging Face's libraries drive it: logits after ids, of which a cache holds those before. */
import { EOS } from "../../schemas/experiment/vocabulary.ts";
import { type Graph, graph } from "../tensor/onnx/graph.ts";
import {
  type Border,
  type Repetition,
  TYPES,
} from "../tensor/onnx/onnx_model.ts";
import { give, hiding, type Parts, range, type Unweighted } from "./parts.ts";
import { cacheNames } from "./programs.ts";
import { limits } from "./translation.ts";

/** A part of the cache of a layer, as the libraries name it behind `past_key_values.` and `present.`. */
const cached = (layer: number, side: "decoder" | "encoder") =>
  ["key", "value"].map((part) => `${layer}.${side}.${part}`);

/** Names under which the steps read what stays. */
const BEGUN = "begun", MASK = "mask";

/**
 * Inputs:
 * - `input_ids` int64 [batch, time]: ids of the translation, which begins with the begin of sentence;
 * - `encoder_hidden_states` [batch, source, d] and `encoder_attention_mask` int64 [batch, source], of the encoder;
 * - `use_cache_branch` bool [1]: whether there is a cache; what stands in for one is not read;
 * - `past_key_values.LAYER.decoder.key` and `value` of the ids before, [batch, heads, past, d / heads], and those of the
 *   source, `past_key_values.LAYER.encoder.key` and `value`.
 *
 * Outputs: `logits` [batch, time, vocabulary] of the next id after each, and the cache as `present.` and so on. A state of a
 * recurrent unit is stored as the key, and again as the value, of its id. After as many ids as a translation may have, and
 * after the end, only the end has a logit.
 */
export function decoderGraph(parts: Parts): Unweighted {
  const { saved: { model, vocabulary } } = parts;
  const built = graph([]);
  const { emit, int64s } = built;
  const layers = Array.from({ length: model.decoderLayers }, (_, i) => i);
  const isCached = emit("Cast", ["use_cache_branch"], { to: TYPES.int64 });
  const isNew = emit("Sub", [int64s([1]), isCached]);
  /** All of some values along an axis, or none (but `least`). */
  const allIf = (
    condition: string,
    values: string,
    axis: number,
    least = 0,
  ) => {
    const length = emit("Shape", [values], { start: axis, end: axis + 1 });
    const kept = emit("Max", [
      emit("Mul", [condition, length]),
      int64s([least]),
    ]);
    return emit("Slice", [values, int64s([0]), kept, int64s([axis])]);
  };
  const past = (name: string) => allIf(isCached, `past_key_values.${name}`, 2);

  const isShown = emit("Cast", ["encoder_attention_mask"], { to: TYPES.bool });
  give(built, MASK, hiding(built, emit("Not", [isShown])));
  // Not every runtime multiplies matrices without rows: with a cache, one is computed and left out.
  const hidden = allIf(isNew, "encoder_hidden_states", 1, 1);
  const made = parts.cross(built, hidden);
  const cross = layers.flatMap((layer) => cached(layer, "encoder"));
  cacheNames("cross", model).forEach((name, i) => {
    const fresh = allIf(isNew, made[name], 2);
    const both = emit("Concat", [past(cross[i]), fresh], { axis: 2 });
    give(built, `present.${cross[i]}`, both);
  });

  const own = layers.flatMap((layer) => cached(layer, "decoder"));
  const begun = emit("Shape", [past(own[0])], { start: 2, end: 3 });
  give(built, BEGUN, begun);
  const time = emit("Shape", ["input_ids"], { start: 1 });
  const states = cacheNames("past", model);
  const store = model.autoregression === "ssru"
    ? stateStore(built, parts, own.map(past))
    : cacheStore(built, own.map(past));
  const repetition = steps(parts, cross, store.keepsEach);
  const repeated = built.emitAll(
    "Loop",
    [emit("Squeeze", [time]), built.scalar(1, "bool"), ...store.initial],
    {},
    repetition.outputs.length - 1,
  );
  const [each, ...eachState] = repeated.slice(states.length);
  const logits = emit("Transpose", [
    emit("Squeeze", [each, int64s([2])]), // [time, batch, vocabulary]
  ], { perm: [1, 0, 2] });
  give(built, "logits", ended(built, { logits, begun, time, vocabulary }));
  const stored = store.stored(
    store.keepsEach ? eachState : repeated.slice(0, states.length),
  );
  stored.forEach((value, i) => give(built, `present.${own[i]}`, value));

  const size = model.width / model.heads;
  const caches = (prefix: string, names: string[], length: string): Border[] =>
    names.map((name) => ({
      name: `${prefix}.${name}`,
      type: "float32",
      shape: ["batch", model.heads, length, size],
    }));
  const ofBoth = (prefix: string, decoder: string, encoder: string) =>
    layers.flatMap((layer) => [
      ...caches(prefix, cached(layer, "decoder"), decoder),
      ...caches(prefix, cached(layer, "encoder"), encoder),
    ]);
  return {
    name: "decoder_model_merged",
    recording: built.finish(),
    inputs: [
      {
        name: "encoder_attention_mask",
        type: "int64",
        shape: ["batch", "source"],
      },
      { name: "input_ids", type: "int64", shape: ["batch", "time"] },
      {
        name: "encoder_hidden_states",
        type: "float32",
        shape: ["batch", "source", model.width],
      },
      ...ofBoth("past_key_values", "past", "past source"),
      { name: "use_cache_branch", type: "bool", shape: [1] },
    ],
    outputs: [
      { name: "logits", type: "float32", shape: ["batch", "time", vocabulary] },
      ...ofBoth("present", "past + time", "source"),
    ],
    repetition,
  };
}

/** How the states of the steps and the cache of the libraries become each other. */
interface Store {
  /** The states before the first step. */
  readonly initial: readonly string[];
  /** Whether the cache is made from the states after each step, and not from the last ones. */
  readonly keepsEach: boolean;
  /** The cache of each layer, key and value, from these. */
  stored(states: readonly string[]): readonly string[];
}

/** Keys and values, which steps have with an axis for hypotheses. */
function cacheStore({ emit, int64s }: Graph, past: readonly string[]): Store {
  const hypotheses = int64s([1]);
  return {
    initial: past.map((cache) => emit("Unsqueeze", [cache, hypotheses])),
    keepsEach: false,
    stored: (last) => last.map((cache) => emit("Squeeze", [cache, hypotheses])),
  };
}

/** The state of a recurrent unit [batch, 1, d] is the last of those in a cache, or zeros. */
function stateStore(
  { emit, int64s }: Graph,
  { saved: { model: { heads, width } } }: Parts,
  past: readonly string[],
): Store {
  const keys = past.filter((_, i) => i % 2 === 0);
  const batch = emit("Shape", ["input_ids"], { end: 1 });
  const none = emit("ConstantOfShape", [
    emit("Concat", [batch, int64s([heads, 1, width / heads])], { axis: 0 }),
  ]);
  return {
    initial: keys.map((key) => {
      const all = emit("Concat", [none, key], { axis: 2 });
      const end = int64s([Number.MAX_SAFE_INTEGER]);
      const last = emit("Slice", [all, int64s([-1]), end, int64s([2])]);
      return emit("Reshape", [last, int64s([0, 1, width])]);
    }),
    keepsEach: true,
    stored: (states) =>
      states.flatMap((each, layer) => {
        // From [time, batch, 1, d].
        const split = emit("Reshape", [
          each,
          int64s([0, 0, heads, width / heads]),
        ]);
        const fresh = emit("Transpose", [split], { perm: [1, 2, 0, 3] });
        const all = emit("Concat", [keys[layer], fresh], { axis: 2 });
        return [all, all];
      }),
  };
}

/** A step for each of `input_ids`, from its states to the next ones; gives its logits, and its states where each is kept. */
function steps(
  parts: Parts,
  cross: readonly string[],
  keepsEach: boolean,
): Repetition {
  const { saved: { model } } = parts;
  const built = graph([]);
  const { emit, int64s } = built;
  const id = emit("Gather", ["input_ids", "iteration"], { axis: 1 });
  const values = {
    token: emit("Unsqueeze", [id, int64s([1])]),
    place: emit("Add", [
      BEGUN,
      emit("Reshape", ["iteration", int64s([1])]),
    ]),
  };
  const source = cacheNames("cross", model).map((name, i) =>
    [name, `present.${cross[i]}`] as const
  );
  const made = parts.step(built, values, Object.fromEntries(source));
  const states = cacheNames("present", model);
  const kept = keepsEach ? states : [];
  give(built, "going", "condition");
  give(built, "step logits", made.logits);
  for (const name of states) give(built, name, made[name]);
  for (const name of kept) give(built, `each ${name}`, made[name]);
  const floats = (name: string): Border => ({ name, type: "float32" });
  return {
    recording: built.finish(),
    inputs: [
      { name: "iteration", type: "int64", shape: [] },
      { name: "condition", type: "bool", shape: [] },
      ...cacheNames("past", model).map(floats),
    ],
    outputs: [
      { name: "going", type: "bool", shape: [] },
      ...states.map(floats),
      floats("step logits"),
      ...kept.map((name) => floats(`each ${name}`)),
    ],
  };
}

interface Logits {
  /** [batch, time, vocabulary]. */
  readonly logits: string;
  /** Ids before the first of these, and how many these are, int64 [1]. */
  readonly begun: string;
  readonly time: string;
  readonly vocabulary: number;
}

/**
 * The logits, but none beside that of the end where a translation has as many ids as it may have, and behind its end, as
 * transformers.js goes on until all of a batch end.
 */
function ended(built: Graph, { logits, begun, time, vocabulary }: Logits) {
  const { emit, int64s } = built;
  const ids = emit("ReduceSum", ["encoder_attention_mask", int64s([1])], {
    keepdims: 1,
  });
  const limit = limits(built, emit("Sub", [ids, int64s([1])])); // [batch, 1]
  const places = emit("Add", [begun, range(built, time)]);
  const isLast = emit("Or", [
    emit("GreaterOrEqual", [places, limit]),
    emit("Equal", ["input_ids", int64s([EOS])]),
  ]);
  const isEnd = emit("Equal", [
    range(built, int64s([vocabulary])),
    int64s([EOS]),
  ]);
  return emit("Where", [
    emit("And", [
      emit("Unsqueeze", [isLast, int64s([2])]),
      emit("Not", [isEnd]),
    ]),
    built.scalar(-Infinity, "float32"),
    logits,
  ]);
}
