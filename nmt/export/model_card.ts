/** The model card: licence, architecture, distillation, scores, use, data and limits of a model. */
import { stringify } from "@std/yaml";
import { tableOf } from "../metrics/table.ts";
import type { Languages } from "../../schemas/experiment/data.ts";
import {
  type Distillation,
  hasStart,
} from "../../schemas/experiment/distillation.ts";
import type { ExportConfig } from "../../schemas/exported_model.ts";
import type { Json } from "../../schemas/manifest.ts";
import type { Model } from "../../schemas/experiment/model.ts";
import type { System } from "../../schemas/results.ts";
import {
  type CitedDataSet,
  uniqueLicences,
} from "../text/descriptors/citations.ts";
import {
  type Licence,
  narrowest,
  type Use,
} from "../text/descriptors/licences.ts";
import { isSharedText } from "./hugging_face.ts";
import { filesAndUse, quality } from "./usage.ts";

export interface Card {
  readonly system: string;
  readonly languages: Languages;
  /** Its source languages, if several, for a model that is not exported. */
  readonly sources?: readonly string[];
  readonly model: Model;
  readonly parameters: number;
  /** Ids in all. */
  readonly vocabulary: number;
  /** Ids that a sentence may have at most. */
  readonly maximumLength: number;
  /** The data sets that it was trained on; those without terms are the user's own. */
  readonly data: readonly CitedDataSet[];
  /** What the folder of an exported model holds. */
  readonly exported?: ExportConfig;
  /** The run that made it. */
  readonly run?: Run;
}

export interface Run {
  readonly experiment: string;
  /** The node of the model. */
  readonly node: string;
  /** How a student was trained; undefined for a teacher. */
  readonly student?: StudentTraining;
  /** Its row of the results, after its teacher's. */
  readonly systems: readonly System[];
  /** What can be traced: what it is, and its SHA-256. */
  readonly hashes: readonly (readonly [what: string, sha256: string])[];
}

export interface StudentTraining {
  /** Undefined for a student that was trained without one. */
  readonly teacher?: { readonly node: string; readonly model: Model };
  readonly distillation: Distillation;
  /** What it was trained on that the teacher translated: the training sources, in place of the references, and further text. */
  readonly translations: ReadonlySet<"pairs" | "monolingual">;
}

/** The card as Markdown, with the metadata that model hubs read at its top. */
export function card(card: Card): string {
  const { system, languages: { target }, exported, run } = card;
  const sections = [
    `# ${system}: ${sourcesOf(card).join(", ")} to ${target}`,
    restriction(card),
    architecture(card),
    run?.student && distillationText(card.model, run.student),
    exported === undefined ? undefined : quality(exported),
    run === undefined ? undefined : results(run),
    exported === undefined ? use(card) : filesAndUse(exported),
    dataSection(card),
    limits(card),
    run === undefined ? undefined : trace(run),
  ];
  return [`---\n${stringify(metadata(card))}---`, ...sections]
    .filter((section) => section !== undefined).join("\n\n") + "\n";
}

/** Its source languages. */
function sourcesOf(
  { languages, sources, exported }: Card,
): readonly string[] {
  return exported?.sources ?? sources ?? [languages.source];
}

/** By the names that model hubs know. */
function metadata(card: Card): Record<string, Json> {
  const { languages: { target }, data, exported, run } = card;
  const described = data.filter(({ licences }) => licences.length > 0);
  const languages = [...sourcesOf(card), target];
  const plain = languages.map((code) => new Intl.Locale(code).language);
  const tags = [
    ...exported === undefined ? [] : ["onnx"],
    ...run === undefined && exported?.quality === undefined
      ? []
      : ["knowledge-distillation"],
  ];
  return {
    language: plain,
    ...plain.join() === languages.join() ? {} : { language_bcp47: languages },
    ...licence(card),
    pipeline_tag: "translation",
    // The Hub's name for what its folder `onnx` is laid out for; optimum reads it too.
    ...exported === undefined || !isSharedText(exported)
      ? {}
      : { library_name: "transformers.js" },
    ...tags.length === 0 ? {} : { tags },
    ...described.length === 0
      ? {}
      : { datasets: described.map(({ name }) => name) },
    metrics: ["bleu", "chrf"],
    ...index(card),
  };
}

/** Only its owner can license a model: the card says what its data allow, by an identifier where that is one licence. */
function licence({ data }: Card): Record<string, Json> {
  const licences = uniqueLicences(data.flatMap(({ licences }) => licences));
  const isKnown = data.length > 0 &&
    data.every(({ licences }) => licences.length > 0);
  if (
    isKnown && licences.length === 1 && HUB_LICENCES.has(hubName(licences[0]))
  ) {
    return { license: hubName(licences[0]) };
  }
  const use = narrowest(licences);
  return {
    license: "other",
    license_name: use === "any" ? "as-its-data" : `${use}-only`,
  };
}

/** Licences that model hubs have a name of their own for. */
const HUB_LICENCES: ReadonlySet<string> = new Set([
  ...["apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "mpl-2.0"],
  ...["cc0-1.0", "cc-by-2.0", "cc-by-3.0", "cc-by-4.0"],
  ...["cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-4.0"],
  ...["cc-by-nc-nd-4.0", "cc-by-nc-sa-4.0", "cc-by-nd-4.0"],
]);

function hubName({ spdx = "" }: Licence): string {
  return spdx.toLowerCase();
}

/** The scores in the form that model hubs make tables of. */
function index({ system, run }: Card): Record<string, Json> {
  const own = run?.systems.at(-1);
  if (run === undefined || own === undefined) return {};
  const metrics = [["bleu", "BLEU"], ["chrf", "chrF"]] as const;
  return {
    "model-index": [{
      name: system,
      results: [{
        task: { type: "translation" },
        dataset: {
          name: `test set of ${run.experiment}`,
          type: run.experiment,
          split: "test",
        },
        metrics: metrics.map(([type, name]) => ({
          type,
          name,
          value: own[type].score,
        })),
      }],
    }],
  };
}

const RESTRICTIONS: Readonly<Record<Use, string | undefined>> = {
  research:
    "**For research only.** Some of the text that it was trained on may be used for research only, so use this model for nothing else",
  "non-commercial":
    "**Not for commercial use.** Some of the text that it was trained on must not be used commercially, so do not use this model so",
  any: undefined,
};

function restriction({ data }: Card): string | undefined {
  const licences = uniqueLicences(data.flatMap(({ licences }) => licences));
  const use = narrowest(licences);
  const text = RESTRICTIONS[use];
  const of = licences.filter((each) => each.use === use)
    .map(({ licence }) => licence);
  return text === undefined ? undefined : `> ${text}: ${of.join(", ")}.`;
}

function architecture(
  { model, parameters, vocabulary, exported }: Card,
): string {
  return `A Transformer of ${stacks(model)}, ${model.width} features and
${number(parameters)} parameters, over ${number(vocabulary)} subwords.${
    exported === undefined ? "" : ` Every graph
consists of standard operators of ONNX (opset 18) and runs in ONNX Runtime on
any platform, in the browser too.`
  }`;
}

function distillationText(
  model: Model,
  { teacher, distillation, translations }: StudentTraining,
): string {
  const { alpha, beta, temperature, encoder, decoder } = distillation;
  const maps = [["encoder", encoder], ["decoder", decoder]] as const;
  const layers = maps.filter(([, map]) => map.length > 0).map(([stack, map]) =>
    `${stack} ${JSON.stringify(map)}`
  );
  const sources = [
    ...translations.has("pairs")
      ? ["translations in place of the references"]
      : [],
    ...translations.has("monolingual") ? ["translations of further text"] : [],
    ...alpha > 0
      ? [`soft targets (weight ${alpha}, temperature ${temperature})`]
      : [],
    ...beta > 0
      ? [
        `layers, combined as [Wu et al. 2020](https://arxiv.org/abs/2010.03034) do (weight ${beta}; ${
          layers.join(", ")
        })`,
      ]
      : [],
    ...hasStart(distillation) ? ["layers to start as"] : [],
  ];
  if (teacher === undefined || sources.length === 0) {
    return "Trained on the references alone, without a teacher.";
  }
  const isPruned = hasStart(distillation) &&
    model.feedForward < teacher.model.feedForward;
  const pruning = isPruned
    ? `
The layers that it started as were pruned: of the ${
      number(teacher.model.feedForward)
    } neurons
of each feed-forward block, it has the ${
      number(model.feedForward)
    } that matter most.`
    : "";
  return `Distilled from \`${teacher.node}\`, a Transformer of ${
    stacks(teacher.model)
  } and ${teacher.model.width} features, by its ${
    sources.join(" and its ")
  }.${pruning}`;
}

function results({ systems, experiment }: Run): string {
  const own = systems.at(-1);
  const text = own === undefined
    ? "It was not evaluated."
    : `On the test set of \`${experiment}\`, BLEU \`${
      own.runs[0].signature
    }\`:\n\n${tableOf(systems, "markdown").trim()}`;
  return `## Results\n\n${text}`;
}

function use(card: Card): string {
  const sources = sourcesOf(card);
  const from = sources.length > 1 ? `--from ${sources[0]} ` : "";
  return `## Translate

\`\`\`sh
deno task translate --model ${
    card.run?.node ?? "MODEL"
  } ${from}< source.txt > target.txt
\`\`\``;
}

function dataSection({ data }: Card): string {
  const text = data.length === 0
    ? "Files whose terms this card does not know."
    : data.map(dataSet).join("\n");
  return `## Data\n\n${text}`;
}

function dataSet(
  { name, description, licences, citation }: CitedDataSet,
): string {
  return [
    `- **${name}**: ${description}`,
    `  - licence: ${
      licences.map(linked).join(", ") || "not known to this card"
    }`,
    ...citation.map((who) => `  - to be named: ${who}`),
  ].join("\n");
}

function linked({ licence, url }: Licence): string {
  return url === undefined ? licence : `[${licence}](${url})`;
}

function limits({ maximumLength, data }: Card): string {
  return `## Limits

- It translates sentence by sentence, of ${
    number(maximumLength)
  } subwords at most: split text first.
- It knows the kind of text that it was trained on (${
    data.map(({ name }) => name).join(", ") || "see above"
  }); on other text it
  is worse, in ways that scores do not show.
- Nothing was done to find or to mend what its data say wrongly or unfairly, and
  it may leave out, add or invert what is said: have people read what matters.`;
}

function trace({ hashes, experiment }: Run): string {
  const rows = hashes.map(([what, sha256]) => `| ${what} | \`${sha256}\` |`);
  return `## Trace

Made by the experiment \`${experiment}\`; \`deno task pipeline trace FILE\` leads any
of these files back to code, config and data.

| file | SHA-256 |
| --- | --- |
${rows.join("\n")}`;
}

function stacks({ encoderLayers, decoderLayers }: Model): string {
  return `${encoderLayers} encoder and ${decoderLayers} decoder layers`;
}

export function number(value: number): string {
  return value.toLocaleString("en");
}
