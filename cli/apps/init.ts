/** Sets up an experiment on a corpus of the user: inspects it, writes the experiment, estimates its run. */
import { dirname, join } from "@std/path";
import { parse as parseJsonc } from "@std/jsonc";
import { lstatIfThere } from "../../base/stat.ts";
import type { Console } from "../console/console.ts";
import { EXIT } from "../exit.ts";
import { artifactFolder } from "../experiment.ts";
import type { Outlook } from "../../engine/graph/estimate.ts";
import { outlook } from "../../engine/run/outlook.ts";
import { estimateText } from "../console/estimate_text.ts";
import type { Graph } from "../../engine/graph/graph.ts";
import type { ProjectPipeline } from "../project_pipeline.ts";
import { writeOutputText } from "../../engine/files/output_file.ts";
import { quoted } from "../../base/shell_word.ts";
import { Data } from "../../schemas/experiment/data.ts";
import { Language } from "../../schemas/language.ts";
import { inputError, parse, suggestion } from "../../base/input_error.ts";
import { checkFolder } from "../../base/input_file.ts";
import { adaptationText } from "../../apps/init/adaptation_file.ts";
import { experimentText } from "../../apps/init/experiment_file.ts";
import { dataFiles } from "../../nmt/text/fetch/user_files.ts";
import { modelFiles } from "../../nmt/imported/files.ts";
import { importModel } from "../../nmt/imported/import.ts";
import { findings, modelFindings } from "../../apps/init/findings.ts";
import { surveyModel } from "../../apps/init/model_survey.ts";
import { type Size, SIZES } from "../../apps/init/plans.ts";
import {
  checkLanguages,
  inFolder,
  licenceOf,
  type PublicModel,
  publicModel,
} from "../../apps/public_model.ts";
import type { Subject } from "../../apps/init/subject.ts";
import { type Survey, survey } from "../../apps/init/survey.ts";

export interface InitOptions {
  readonly source?: string;
  readonly target?: string;
  readonly pairs?: string;
  readonly from?: string;
  readonly to?: string;
  readonly size?: string;
  /** The folder of a public model, or its descriptor. */
  readonly model?: string;
  readonly licence?: string;
  readonly yes: boolean;
}

const FILE = "experiment.jsonc";

/** The seed of a new experiment; `seeds` in it adds others. */
const SEED = 1;

/** Writes FOLDER/experiment.jsonc; after an error nothing is left behind. */
export async function setUpExperiment(
  pipeline: ProjectPipeline,
  console: Console,
  folder: string,
  options: InitOptions,
): Promise<number> {
  const path = join(folder, FILE);
  checkFree(folder, path);
  const { model, ...subject } = subjectOf(console, options);
  const { text, found, lines } = model === undefined
    ? await ownExperiment(subject)
    : await adaptation(model, subject, console, options);
  const graph = pipeline.graph(parseJsonc(text), `experiment "${path}"`);
  console.out(
    [...lines, ...findings(found, subject.languages)].join("\n") + "\n",
  );
  if (!options.yes && isRefused(console.ask(`Write ${path}? [Y/n]`))) {
    console.out("Nothing was written.\n");
    return EXIT.done;
  }
  await writeOutputText(path, { force: false }, text);
  const estimate = await pipeline.estimate?.(firstRun(graph, found));
  const experiment = dirname(path) === "." ? `./${path}` : path;
  const command = `deno task pipeline --experiment ${quoted(experiment)}`;
  console.out([
    `Wrote ${path}.`,
    ...estimate === undefined ? [] : [`A run takes ${estimateText(estimate)}.`],
    "",
    `  ${command} --dry-run`,
    `  ${command}`,
    "",
  ].join("\n"));
  return EXIT.done;
}

interface Proposal {
  /** The text of the experiment file. */
  readonly text: string;
  readonly found: Survey;
  /** What was found beside the corpus. */
  readonly lines: readonly string[];
}

async function ownExperiment(subject: Subject): Promise<Proposal> {
  const found = await survey(subject);
  return { text: experimentText(subject, found), found, lines: [] };
}

async function adaptation(
  model: PublicModel,
  subject: Subject,
  console: Console,
  options: InitOptions,
): Promise<Proposal> {
  const { name, descriptor } = model;
  checkLanguages(model, subject.languages);
  dataFiles(subject.data, subject.languages);
  const found = await inFolder(
    model,
    (line) => console.err(line + "\n"),
    (folder) => surveyModel(subject, importModel(modelFiles(folder))),
  );
  const source = {
    from: descriptor === undefined ? name : { descriptor: name },
    licence: options.licence ?? licenceOf(model),
  };
  return {
    text: adaptationText(source, subject, found),
    found,
    lines: modelFindings(found),
  };
}

function checkFree(folder: string, path: string): void {
  checkFolder(
    folder,
    (reason) =>
      inputError(`Cannot write to "${folder}": ${reason}; give another one.`),
  );
  if (lstatIfThere(path) !== undefined) {
    throw inputError(
      `Cannot write "${path}": it is there already; give another folder, or remove it.`,
    );
  }
}

/** What the options say; the user is asked for the rest. */
function subjectOf(
  console: Console,
  options: InitOptions,
): Subject & { readonly model?: PublicModel } {
  const answer = (given: string | undefined, flag: string, question: string) =>
    given ?? asked(console, options, flag, question);
  const train = filesOf(options, answer);
  const model = modelOf(console, options);
  const known = model?.descriptor?.languages;
  const source = answer(
    options.from ?? known?.source,
    "--from",
    "Language of the sources:",
  );
  const target = answer(
    options.to ?? known?.target,
    "--to",
    "Language of the targets:",
  );
  if (source === target) {
    throw inputError(
      `Cannot translate "${source}" to itself: --from and --to name the same language.`,
    );
  }
  return {
    data: parse(Data, { train }, "the corpus"),
    languages: {
      source: parse(Language, source, "--from"),
      target: parse(Language, target, "--to"),
    },
    size: sizeOf(options.size ?? SIZES[0]),
    seed: SEED,
    model,
  };
}

/** The public model that is named; a user who gave no options is asked for one. */
function modelOf(
  console: Console,
  { yes, ...options }: InitOptions,
): PublicModel | undefined {
  const isGuided = !yes &&
    Object.values(options).every((value) => value === undefined);
  const answer = isGuided ? console.ask(MODEL_QUESTION)?.trim() : undefined;
  const name = options.model ?? (answer === "" ? undefined : answer);
  if (name !== undefined) return publicModel(name);
  if (options.licence === undefined) return undefined;
  throw inputError(
    "Cannot use --licence without --model: only a public model has terms of its own.",
  );
}

const MODEL_QUESTION =
  "Public model to start from, a folder or a name of data/models (empty: none):";

type Answer = (
  given: string | undefined,
  flag: string,
  question: string,
) => string;

function filesOf(
  { pairs, source, target }: InitOptions,
  answer: Answer,
): Data["train"] {
  const isSides = source !== undefined || target !== undefined;
  if (pairs !== undefined && isSides) {
    throw inputError(
      "Cannot use --pairs beside --source and --target; give the corpus one way.",
    );
  }
  if (isSides) {
    return {
      source: answer(source, "--source", "File of source sentences:"),
      target: answer(target, "--target", "File of target sentences:"),
    };
  }
  const first = answer(
    pairs,
    "--pairs, or --source and --target",
    "Corpus: a .tsv file, or the file of source sentences:",
  );
  return pairs !== undefined || /\.tsv(\.gz)?$/.test(first) ? first : {
    source: first,
    target: answer(
      undefined,
      "--target",
      "File of their translations, line by line:",
    ),
  };
}

/** The user's answer; an input error if nobody can be asked or there is no answer. */
function asked(
  console: Console,
  { yes }: InitOptions,
  flag: string,
  question: string,
): string {
  const answer = yes ? null : console.ask(question);
  if (answer !== null && answer.trim() !== "") return answer.trim();
  throw inputError(`Cannot set up an experiment: ${flag} is missing.`);
}

function isRefused(answer: string | null): boolean {
  return answer !== null && !/^(y(es)?)?$/i.test(answer.trim());
}

function sizeOf(text: string): Size {
  const size = SIZES.find((size) => size === text);
  if (size !== undefined) return size;
  throw inputError(
    `Cannot use --size "${text}"${
      suggestion(text, SIZES).replace("?", "") ||
      `; expected ${SIZES.join(" or ")}`
    }.`,
  );
}

/** All nodes, none of them made yet, with the size of the corpus. */
function firstRun(graph: Graph, { tokens }: Survey): Outlook {
  const reports = [...graph.keys()]
    .map((name) => ({ name, state: "stale" as const, metrics: {} }));
  const first = outlook(graph, artifactFolder(undefined), reports);
  const metrics = {
    trainPairs: tokens.pairs,
    trainSourceTokens: tokens.source,
    trainTargetTokens: tokens.target,
  };
  const nodes = [...first.nodes].map(([name, step]) =>
    [name, step.stage === "tokenize" ? { ...step, metrics } : step] as const
  );
  return { ...first, nodes: new Map(nodes) };
}
