/** Trains a model from token files to a model file, and reports progress; for the stages of teacher and students. */
import type { Runtime } from "../tensor/program.ts";
import { readTokens, type Tokens } from "../text/subwords/tokens.ts";
import { saveModel } from "../transformer/checkpoint.ts";
import { parametersOf, type Weights } from "../transformer/parameters.ts";
import type { TeacherSignals } from "../states/states.ts";
import type { Task } from "./training_step.ts";
import type { Role } from "../random.ts";
import { rounded } from "../metrics/metric.ts";
import type { Scores } from "./selection.ts";
import { train } from "./training_loop.ts";
import type { Scoring } from "./validation.ts";

export interface TrainFilesJob {
  readonly runtime: Runtime;
  readonly task: Task;
  readonly role: Role;
  readonly seed: number;
  /** Token files. */
  readonly train: string;
  readonly validation: string;
  readonly scoring: Scoring;
  /** Paths of the model, and of the scores of every validation. */
  readonly model: string;
  readonly curve: string;
  /** Folder for checkpoints. */
  readonly work: string;
  /** Once it is aborted, training saves a checkpoint and throws its reason. */
  readonly signal?: AbortSignal;
  /** Opens the teacher's signals of the training tokens, which are closed once it is trained. */
  readonly teacher?: (
    train: Tokens,
  ) => TeacherSignals | Promise<TeacherSignals>;
  /** Initial values of some parameters. */
  readonly initial?: Weights;
  log(line: string): void;
  progress(
    progress: { done: number; total: number; unit: string; note: string },
  ): void;
}

export interface TrainedFiles {
  readonly metrics: Readonly<Record<string, number | string>>;
  readonly measurements: { readonly targetTokensPerSecond: number };
}

/** Trains, writes the model and the validation curve, and returns the metrics of both. */
export async function trainFiles(job: TrainFilesJob): Promise<TrainedFiles> {
  const { task } = job;
  const tokens = readTokens(job.train);
  const started = performance.now();
  let since = started,
    sinceTokens = 0,
    allTokens = 0,
    speed = 0,
    validated = "";
  const teacher = await job.teacher?.(tokens);
  const trained = await train({
    task,
    role: job.role,
    seed: job.seed,
    runtime: job.runtime,
    train: tokens,
    validation: readTokens(job.validation),
    scoring: job.scoring,
    teacher,
    initial: job.initial,
    folder: job.work,
    signal: job.signal,
    report: ({ step, losses, targetTokens, validation }) => {
      sinceTokens += targetTokens;
      allTokens += targetTokens;
      const now = performance.now();
      if (now - since > 1000) {
        speed = sinceTokens / (now - since) * 1000;
        [since, sinceTokens] = [now, 0];
      }
      if (validation !== undefined) {
        const { trainingLoss, nll } = validation;
        validated = `, validation ${told(validation)}`;
        job.log(
          `step ${step}: training loss ${trainingLoss.toFixed(4)}, ` +
            `validation nll ${nll.toFixed(4)}${validated}`,
        );
      }
      const parts = Object.entries(losses).filter(([, value]) =>
        value !== undefined
      )
        .map(([name, value]) => `${LABELS[name] ?? name} ${value.toFixed(3)}`);
      const note = `${parts.join(" ")}, ${
        Math.round(speed).toLocaleString("en")
      } tokens/s${validated}`;
      job.progress({
        done: step,
        total: task.training.steps,
        unit: "steps",
        note,
      });
    },
  }).finally(() => teacher?.close());
  saveModel(job.model, {
    model: task.model,
    vocabulary: task.vocabulary,
    weights: trained.weights,
  });
  await Deno.writeTextFile(
    job.curve,
    JSON.stringify(trained.validations) + "\n",
  );
  const { steps, single, average, validations } = trained;
  const isAverage = steps.length > 1;
  const taken = isAverage ? "average" : "single";
  job.log(
    `the model is of step${isAverage ? "s" : ""} ${steps.join(", ")}` +
      (average === undefined
        ? ""
        : `: the best checkpoint has ${told(single)}, the average of the best ${
          told(average)
        }`),
  );
  return {
    metrics: {
      parameters: parametersOf(task),
      steps: validations[validations.length - 1].step,
      ...scoreMetrics(isAverage && average ? average : single),
      taken,
      averaged: steps.join(" "),
      ...scoreMetrics(single, " single"),
      ...average && scoreMetrics(average, " average"),
    },
    measurements: {
      targetTokensPerSecond: Math.round(
        allTokens / (performance.now() - started) * 1000,
      ),
    },
  };
}

const perplexityOf = ({ nll }: Scores) => Math.exp(nll);

/** Scores for a line of the log: "perplexity 9.81, BLEU 23.45". */
function told(scores: Scores): string {
  const perplexity = `perplexity ${perplexityOf(scores).toFixed(2)}`;
  const { bleu } = scores;
  return bleu === undefined
    ? perplexity
    : `${perplexity}, BLEU ${bleu.toFixed(2)}`;
}

function scoreMetrics(scores: Scores, of = ""): Record<string, number> {
  const { bleu } = scores;
  return {
    [`perplexity${of}`]: rounded(perplexityOf(scores)),
    ...bleu === undefined ? {} : { [`validationBleu${of}`]: rounded(bleu) },
  };
}

const LABELS: Readonly<Record<string, string>> = {
  softTargets: "kd",
  layers: "layers",
};
