/** Sets up an experiment on a corpus of the user: inspects it, writes the experiment, estimates its run. */
import { dirname, join } from "@std/path";
import { parse as parseJsonc } from "@std/jsonc";
import { lstatIfThere } from "../../base/stat.ts";
import type { Console } from "../console/console.ts";
import { EXIT } from "../exit.ts";
import { artifactFolder, experimentNames, EXPERIMENTS } from "../experiment.ts";
import { experimentName } from "../../engine/graph/experiment.ts";
import type { Outlook } from "../../engine/graph/estimate.ts";
import { outlook } from "../../engine/run/outlook.ts";
import { estimateText, tooLargeText } from "../console/estimate_text.ts";
import type { Graph } from "../../engine/graph/graph.ts";
import type { ProjectPipeline } from "../project_pipeline.ts";
import { writeOutputText } from "../../engine/files/output_file.ts";
import { quoted } from "../../base/shell_word.ts";
import { inputError } from "../../base/input_error.ts";
import { checkFolder } from "../../base/input_file.ts";
import { adaptationText } from "../../apps/init/adaptation_file.ts";
import { experimentText } from "../../apps/init/experiment_file.ts";
import { dataFiles } from "../../nmt/text/fetch/user_files.ts";
import { modelFiles } from "../../nmt/imported/files.ts";
import { importModel } from "../../nmt/imported/import.ts";
import { findings, modelFindings } from "../../apps/init/findings.ts";
import { surveyModel } from "../../apps/init/model_survey.ts";
import { type InitOptions, subjectOf } from "./init_answers.ts";
import {
  checkLanguages,
  inFolder,
  licenceOf,
  type PublicModel,
} from "../../apps/public_model.ts";
import type { Subject } from "../../apps/init/subject.ts";
import { type Survey, survey } from "../../apps/init/survey.ts";

const FILE = "experiment.jsonc";

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
  const { textOf, found, lines } = model === undefined
    ? await ownExperiment(subject)
    : await adaptation(model, subject, console, options);
  const estimated = async (text: string) => {
    const graph = pipeline.graph(parseJsonc(text), `experiment "${path}"`);
    return {
      text,
      estimate: await pipeline.estimate?.(firstRun(graph, found)),
    };
  };
  const recording = await estimated(textOf());
  const tooLarge = recording.estimate && tooLargeText(recording.estimate);
  const { text, estimate } = tooLarge === undefined
    ? recording
    : await estimated(textOf(tooLarge));
  console.out(
    [
      ...lines,
      ...findings(found, subject.languages),
      ...tooLarge === undefined ? [] : [
        `The teacher's states are computed in each step: ${tooLarge}.`,
      ],
    ].join("\n") + "\n",
  );
  if (!options.yes && isRefused(console.ask(`Write ${path}? [Y/n]`))) {
    console.out("Nothing was written.\n");
    return EXIT.done;
  }
  await writeOutputText(path, { force: false }, text);
  const experiment = dirname(path) === "." ? `./${path}` : path;
  const command = console.typed(
    `deno task pipeline --experiment ${quoted(experiment)}`,
  );
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
  /** The text of the experiment file; with a reason, its students stream the teacher's states. */
  textOf(streamed?: string): string;
  readonly found: Survey;
  /** What was found beside the corpus. */
  readonly lines: readonly string[];
}

async function ownExperiment(subject: Subject): Promise<Proposal> {
  const found = await survey(subject);
  return {
    textOf: (streamed) => experimentText(subject, found, streamed),
    ...{ found, lines: [] },
  };
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
    licence: options.modelLicence ?? licenceOf(model),
  };
  return {
    textOf: (streamed) => adaptationText(source, subject, found, streamed),
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
  const name = experimentName(EXPERIMENTS, path);
  if (experimentNames().includes(name)) {
    throw inputError(
      `Cannot name an experiment after the folder "${folder}": experiments/${name}.jsonc has that name; give the folder another one.`,
    );
  }
}

function isRefused(answer: string | null): boolean {
  return answer !== null && !/^(y(es)?)?$/i.test(answer.trim());
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
