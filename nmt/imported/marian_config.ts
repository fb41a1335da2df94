/** Reads the configuration inside a Marian model into ours, and refuses each setting that is not supported by its name. */
import { parse as parseYaml } from "@std/yaml";
import { z } from "zod";
import { inputError, parse } from "../../base/input_error.ts";
import { Model } from "../../schemas/experiment/model.ts";
import {
  checkRequired,
  type Settings,
  settingsOf,
  unsupported,
} from "./settings.ts";

export interface MarianConfig {
  readonly model: Model;
  /** Subwords of source and target in the file. */
  readonly vocabularies: readonly [number, number];
}

/**
 * Settings that must have one value, which is also the one of a file that does not mention them: others compute something
 * else. What is not listed has no effect on a Transformer's translations.
 */
const REQUIRED: Settings = {
  type: "transformer",
  "input-types": [],
  "layer-normalization": false,
  "lemma-dim-emb": 0,
  "lemma-dependency": "",
  "factors-dim-emb": 0,
  "right-left": false,
  skip: false,
  ulr: false,
  "transformer-postprocess-emb": "d",
  "transformer-train-position-embeddings": false,
  "transformer-train-positions": false,
  "transformer-disable-position-embeddings": false,
  "transformer-attention-mask": "default",
  "transformer-alibi-shift": false,
  "transformer-alibi-trainable": false,
  "transformer-encoder-attention": "self-attention",
  "transformer-tied-layers": [],
  "transformer-no-projection": false,
  "transformer-no-bias": false,
  "transformer-no-affine": false,
  "transformer-rnn-projection": false,
  "transformer-pool": false,
};

/** Norms by preprocess, postprocess and postprocess-top, "d" (dropout) left out. */
const NORMS: Readonly<Partial<Record<string, Model["norm"]>>> = {
  ",an,": "post",
  "n,a,n": "pre",
};

const count = z.int().min(1);
const optional = z.int().min(0).default(0);
const Config = z.looseObject({
  "dim-vocabs": z.tuple([count, count]),
  "dim-emb": count,
  "enc-depth": count,
  "dec-depth": count,
  "transformer-heads": count,
  "transformer-dim-ffn": count,
  "transformer-decoder-dim-ffn": optional,
  "transformer-ffn-depth": count.default(2),
  "transformer-decoder-ffn-depth": optional,
  "transformer-ffn-activation": z.enum(["relu", "swish"]).default("swish"),
  "transformer-preprocess": z.string().default(""),
  "transformer-postprocess": z.string().default("dan"),
  "transformer-postprocess-top": z.string().default(""),
  "transformer-decoder-autoreg": z.enum(["self-attention", "rnn"]).default(
    "self-attention",
  ),
  "dec-cell": z.string().default("gru"),
  "tied-embeddings": z.boolean().default(false),
  "tied-embeddings-all": z.boolean().default(false),
  "tied-embeddings-src": z.boolean().default(false),
  version: z.string().default(""),
});
type Config = z.infer<typeof Config>;

/**
 * The model that the text of `special:model.yml` describes; `what` is the file's name for the user.
 *
 * @throws An input error where the text is no configuration, or asks for what is not supported.
 */
export function readMarianConfig(text: string, what: string): MarianConfig {
  const name = `the configuration in ${what}`;
  const refuse = (setting: string, expected: string, found: unknown) =>
    unsupported(what, setting, expected, found);
  const settings = settingsOf(yaml(text, name), name);
  checkRequired(settings, REQUIRED, what);
  const config = parse(Config, settings, name);
  for (
    const [setting, of] of [
      ["transformer-decoder-dim-ffn", "transformer-dim-ffn"],
      ["transformer-decoder-ffn-depth", "transformer-ffn-depth"],
    ] as const
  ) {
    if (config[setting] !== 0 && config[setting] !== config[of]) {
      throw refuse(setting, "0 or that of the encoder", config[setting]);
    }
  }
  const isRecurrent = config["transformer-decoder-autoreg"] === "rnn";
  if (isRecurrent && config["dec-cell"] !== "ssru") {
    throw refuse("dec-cell", `"ssru"`, config["dec-cell"]);
  }
  return {
    vocabularies: config["dim-vocabs"],
    model: parse(Model, {
      encoderLayers: config["enc-depth"],
      decoderLayers: config["dec-depth"],
      width: config["dim-emb"],
      feedForward: config["transformer-dim-ffn"],
      heads: config["transformer-heads"],
      dropout: 0,
      norm: normOf(config, refuse),
      normEpsilon: 1e-6,
      activation: config["transformer-ffn-activation"],
      feedForwardDepth: config["transformer-ffn-depth"],
      autoregression: isRecurrent ? "ssru" : "self-attention",
      tiedEmbeddings: tied(config),
      scaleEmbedding: true,
      positions: "tensor2tensor",
      outputBias: true,
    }, name),
  };
}

function normOf(
  config: Config,
  refuse: (setting: string, expected: string, found: unknown) => Error,
): Model["norm"] {
  const before = config["transformer-preprocess"];
  const after = config["transformer-postprocess"];
  const top = config["transformer-postprocess-top"];
  const norm = NORMS[
    [before, after, top].map((text) => text.replaceAll("d", "")).join()
  ];
  const [, major = 0, minor = 0] = /^v(\d+)\.(\d+)/.exec(config.version) ?? [];
  // Earlier ones gave attention keys and values that were not normalised.
  if (norm === "pre" && !(Number(major) > 1 || Number(minor) >= 12)) {
    throw refuse(
      "version",
      "v1.12 or later of a pre-norm model",
      config.version,
    );
  }
  if (norm !== undefined) return norm;
  throw refuse(
    "transformer-preprocess, -postprocess, -postprocess-top",
    `"", "dan", "" or "n", "da", "n"`,
    [before, after, top],
  );
}

function tied(config: Config): Model["tiedEmbeddings"] {
  const isInput = config["tied-embeddings-src"];
  const isOutput = config["tied-embeddings"];
  if (config["tied-embeddings-all"] || isInput && isOutput) return "all";
  return isInput ? "input" : isOutput ? "output" : "none";
}

function yaml(text: string, name: string): unknown {
  try {
    return parseYaml(text.split("\0", 1)[0]);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw inputError(
      `Cannot use ${name}: expected YAML, found what is none (${
        reason.split("\n", 1)[0].replace(/[.:]$/, "")
      }).`,
    );
  }
}
