/** Trains a model from token files to a model file, and reports progress; for the stages of teacher and students. */
import type { Runtime } from "../tensor/program.ts";
import { readTokens, type Tokens } from "../text/subwords/tokens.ts";
import { saveModel } from "../transformer/checkpoint.ts";
import { parametersOf, type Weights } from "../transformer/parameters.ts";
import type { TeacherSignals } from "../states/states.ts";
import type { Task } from "./training_step.ts";
import { train } from "./training_loop.ts";

export interface TrainFilesJob {
  readonly runtime: Runtime;
  readonly task: Task;
  readonly seed: number;
  /** Token files. */
  readonly train: string;
  readonly validation: string;
  /** Paths of the model, and of the losses of every validation. */
  readonly model: string;
  readonly curve: string;
  /** Folder for checkpoints. */
  readonly work: string;
  /** Opens the teacher's signals of the training tokens. */
  readonly teacher?: (train: Tokens) => TeacherSignals;
  /** Initial values of some parameters. */
  readonly initial?: Weights;
  log(line: string): void;
  progress(
    progress: { done: number; total: number; unit: string; note: string },
  ): void;
}

export interface TrainedFiles {
  readonly metrics: {
    readonly parameters: number;
    readonly perplexity: number;
    readonly averaged: string;
  };
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
    perplexity = "";
  const trained = await train({
    task,
    seed: job.seed,
    runtime: job.runtime,
    train: tokens,
    validation: readTokens(job.validation),
    teacher: job.teacher?.(tokens),
    initial: job.initial,
    folder: job.work,
    report: ({ step, losses, targetTokens, validation }) => {
      sinceTokens += targetTokens;
      allTokens += targetTokens;
      const now = performance.now();
      if (now - since > 1000) {
        speed = sinceTokens / (now - since) * 1000;
        [since, sinceTokens] = [now, 0];
      }
      if (validation !== undefined) {
        perplexity = `, validation perplexity ${
          Math.exp(validation.nll).toFixed(2)
        }`;
        job.log(
          `step ${step}: training loss ${
            validation.trainingLoss.toFixed(4)
          }, ` +
            `validation nll ${validation.nll.toFixed(4)}${perplexity}`,
        );
      }
      const parts = Object.entries(losses).filter(([, value]) =>
        value !== undefined
      )
        .map(([name, value]) => `${LABELS[name] ?? name} ${value.toFixed(3)}`);
      const note = `${parts.join(" ")}, ${
        Math.round(speed).toLocaleString("en")
      } tokens/s${perplexity}`;
      job.progress({
        done: step,
        total: task.training.steps,
        unit: "steps",
        note,
      });
    },
  });
  saveModel(job.model, {
    model: task.model,
    vocabulary: task.vocabulary,
    weights: trained.weights,
  });
  await Deno.writeTextFile(
    job.curve,
    JSON.stringify(trained.validations) + "\n",
  );
  return {
    metrics: {
      parameters: parametersOf(task),
      perplexity: Math.round(Math.exp(trained.nll) * 1e4) / 1e4,
      averaged: trained.averaged.join(" "),
    },
    measurements: {
      targetTokensPerSecond: Math.round(
        allTokens / (performance.now() - started) * 1000,
      ),
    },
  };
}

const LABELS: Readonly<Record<string, string>> = {
  softTargets: "kd",
  layers: "layers",
};
