/** How Marian names what is ours by another name. */
import type { Model } from "../../schemas/experiment/model.ts";
import { embeddingNames } from "../transformer/parameters.ts";
import { CONFIGURATION, type NamedArrays } from "./arrays.ts";
import {
  gatherWeights,
  layerSources,
  type Renumbering,
  type Source,
  ZEROS,
} from "./weights.ts";
import type { Weights } from "../transformer/parameters.ts";

/** Sublayers: Marian's name, and that of the map before its norm, after the residual sum or before the sublayer. */
const SUBLAYERS: Readonly<
  Record<string, { readonly name: string; readonly norm: Norms }>
> = {
  self: { name: "self", norm: { post: "_Wo", pre: "_Wo" } },
  cross: { name: "context", norm: { post: "_Wo", pre: "_Wo" } },
  cell: { name: "rnn", norm: { post: "_ffn", pre: "" } },
  feedForward: { name: "ffn", norm: { post: "_ffn", pre: "_ffn" } },
};
type Norms = Readonly<Record<Model["norm"], string>>;

/** Linear maps of a sublayer: endings of weight and bias. */
const MAPS: Readonly<Record<string, readonly [string, string]>> = {
  query: ["_Wq", "_bq"],
  key: ["_Wk", "_bk"],
  value: ["_Wv", "_bv"],
  output: ["_Wo", "_bo"],
  input: ["_W", ZEROS],
  forget: ["_Wf", "_bf"],
};

/**
 * Our parameters of Marian's arrays.
 *
 * @throws An input error that names arrays which are missing, too many, or of another shape.
 */
export function marianWeights(
  model: Model,
  arrays: NamedArrays,
  renumbering: Renumbering,
  what: string,
): Weights {
  const weights = new Map(arrays);
  weights.delete(CONFIGURATION);
  const sources = [
    ...vocabularySources(model, arrays),
    ...layerSources(model, {
      linear: (map) => linear(map, model.feedForwardDepth),
      norm: (sublayer) => norm(sublayer, model.norm),
    }),
  ];
  return gatherWeights(model, weights, sources, renumbering, what);
}

function linear(map: string, depth: number): readonly [string, string] {
  const [stack, layer, sublayer, name] = map.split(".");
  const prefix = prefixOf(stack, layer, sublayer);
  if (sublayer === "feedForward") {
    const number = name === "outer" ? depth : Number(name.slice(5) || 1);
    return [`${prefix}_W${number}`, `${prefix}_b${number}`];
  }
  const [weight, bias] = MAPS[name];
  return [prefix + weight, bias === ZEROS ? ZEROS : prefix + bias];
}

function norm(name: string, kind: Model["norm"]): readonly [string, string] {
  const [stack, layer, sublayer] = name.split(".");
  if (layer === undefined) {
    return [`${stack}_top_ln_scale`, `${stack}_top_ln_bias`];
  }
  const prefix = prefixOf(stack, layer, sublayer) +
    SUBLAYERS[sublayer].norm[kind];
  const suffix = kind === "pre" ? "_pre" : "";
  return [`${prefix}_ln_scale${suffix}`, `${prefix}_ln_bias${suffix}`];
}

function prefixOf(stack: string, layer: string, sublayer: string): string {
  return `${stack}_l${Number(layer) + 1}_${SUBLAYERS[sublayer].name}`;
}

function vocabularySources(model: Model, arrays: NamedArrays): Source[] {
  const names = embeddingNames(model);
  const isInputTied = names.encoder === names.decoder;
  // Older versions have the output's matrix transposed.
  const isOld = arrays.has("decoder_ff_logit_out_W");
  const bias = "decoder_ff_logit_out_b";
  const of: Readonly<Record<string, Omit<Source, "parameter">>> = {
    [names.output]: {
      arrays: [`decoder_ff_logit_out_${isOld ? "W" : "Wt"}`],
      isTransposed: isOld,
    },
    [names.encoder]: { arrays: ["encoder_Wemb"] },
    [names.decoder]: { arrays: [isInputTied ? "Wemb" : "decoder_Wemb"] },
    "output.bias": { arrays: [arrays.has(bias) ? bias : ZEROS] },
  };
  return Object.entries(of).map(([parameter, source]) => ({
    parameter,
    ...source,
    isVocabulary: true,
  }));
}
