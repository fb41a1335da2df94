/** What a careful user logs of a run to a tracker: parameters, values by step, scores, times, data and translations. */
import { z } from "zod";
import { sentencesOf } from "../../apps/report/sections/sentences.ts";
import { sourceOf } from "../../apps/report/source.ts";
import { trainedOf } from "../../apps/report/trained.ts";
import { describe } from "../../apps/describe/record.ts";
import { finalFigures } from "../../apps/describe/curves/scores.ts";
import {
  nameOf,
  TAGS,
  trainingsOf,
} from "../../apps/describe/curves/values.ts";
import type { Pipeline } from "../../engine/graph/graph.ts";
import { readNamedManifest } from "../../engine/store/manifest.ts";
import type { Json, NodeRecord } from "../../schemas/manifest.ts";

/** A model that was trained. */
export interface LoggedModel {
  /** SYSTEM@SEED. */
  readonly name: string;
  readonly params: Readonly<Record<string, string>>;
  /** Final scores with their intervals, sizes, seconds. */
  readonly scores: Readonly<Record<string, number>>;
  readonly values: readonly {
    readonly step: number;
    readonly tag: string;
    readonly value: number;
  }[];
  /** Milliseconds since 1970. */
  readonly began: number;
  readonly ended: number;
  /** Those of its system, the worst first. */
  readonly sentences: readonly Sentence[];
}

export interface Sentence {
  readonly line: number;
  readonly source: string;
  readonly reference: string;
  readonly translation: string;
  readonly chrf: number;
}

export interface Logged {
  readonly experiment: string;
  /** The student that the report calls the best, by BLEU on the test set. */
  readonly models: readonly LoggedModel[];
  /** Models of an earlier run, where there is one: what its manifest has. */
  readonly earlier: readonly LoggedModel[];
  readonly data: readonly { readonly name: string; readonly digest: string }[];
}

/** Of the last run of an experiment in an artifact folder, else its committed results. */
export async function loggedOf(
  pipeline: Pipeline,
  { artifacts, experiment, against }: {
    readonly artifacts: string;
    readonly experiment: string;
    readonly against?: string;
  },
): Promise<Logged> {
  const described = describe(pipeline, artifacts, experiment, []);
  const source = sourceOf(pipeline, artifacts, experiment);
  const { systems, sentences } = await sentencesOf(source, trainedOf(source));
  const models = trainingsOf(described).map((training): LoggedModel => {
    const { node, system } = training;
    const translated = systems.find((each) => each.system === system);
    return {
      name: nameOf(training),
      params: paramsOf(node.record),
      scores: finalFigures(described.source, training),
      values: training.values.map(({ step, name, value }) => ({
        ...{ step, value },
        tag: TAGS[name],
      })),
      began: Date.parse(node.making?.began ?? "1970-01-01"),
      ended: Date.parse(node.making?.ended ?? "1970-01-01"),
      sentences: (translated?.outputs ?? []).map((translation, i) => ({
        ...sentences[i],
        translation,
        chrf: translated?.chrf[i] ?? 0,
      })).sort((a, b) => a.chrf - b.chrf),
    };
  });
  return {
    experiment: source.experiment,
    models,
    earlier: against === undefined ? [] : earlierOf(against),
    data: described.data.map(({ name, files }) => ({
      name,
      digest: files.map(({ digest }) => digest.sha256 ?? digest.sha512 ?? "")
        .join(" ").slice(0, 36),
    })),
  };
}

/** The models of a manifest, with what their evaluations measured. */
function earlierOf(manifest: string): LoggedModel[] {
  const { nodes } = readNamedManifest(manifest);
  return Object.entries(nodes).flatMap(([node, record]): LoggedModel[] => {
    const { stage, seed } = record.preimage;
    if (stage !== "teacher" && stage !== "student") return [];
    const system = node.replace(/^student:/, "");
    const { bleu, chrf } = nodes[`evaluate:${system}`]?.metrics ?? {};
    const score = (value: unknown) =>
      typeof value === "number" ? value : undefined;
    return [{
      name: `${system.replace(/@\d+$/, "")}@${seed} before`,
      params: paramsOf(record),
      scores: defined({ "test/bleu": score(bleu), "test/chrf": score(chrf) }),
      ...{ values: [], began: 0, ended: 0, sentences: [] },
    }];
  });
}

/** `distillation.alpha` and so on, with key and seed. */
function paramsOf({ key, preimage }: NodeRecord): Record<string, string> {
  const { config, seed } = preimage;
  return { ...flat(config), seed: String(seed), key: key.slice(0, 16) };
}

const Fields = z.record(z.string(), z.unknown());

function flat(value: Json | unknown, path = ""): Record<string, string> {
  const fields = Array.isArray(value) ? undefined : Fields.safeParse(value);
  if (fields?.success !== true) return { [path]: JSON.stringify(value) };
  return Object.assign(
    {},
    ...Object.entries(fields.data).map(([name, inner]) =>
      flat(inner, path === "" ? name : `${path}.${name}`)
    ),
  );
}

function defined(
  scores: Readonly<Record<string, number | undefined>>,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(scores).flatMap(([name, score]) =>
      score === undefined ? [] : [[name, score]]
    ),
  );
}
