/**
 * The method: train a deep teacher on a parallel corpus, record its hidden states, distill students from them with
 * the combined-layer loss, and evaluate them all (Wu et al. 2020, "Why Skip If You Can Combine").
 */
import {
  type Handle,
  type NodeFunction,
  pipeline,
} from "./engine/graph/graph.ts";
import {
  recordedLayers,
  usesStates,
  usesTeacher,
} from "./schemas/experiment/distillation.ts";
import {
  distillations,
  type Experiment,
} from "./schemas/experiment/experiment.ts";
import { Matrix } from "./schemas/experiment/language_pairs.ts";
import { trialWeights } from "./schemas/experiment/tuning.ts";
import chooseStage from "./stages/choose.ts";
import compareStage from "./stages/compare.ts";
import corpusStage from "./stages/corpus.ts";
import evaluateStage from "./stages/evaluate.ts";
import exportStage from "./stages/export.ts";
import fetchStage from "./stages/fetch.ts";
import fetchModelStage from "./stages/fetch_model.ts";
import importStage from "./stages/import.ts";
import statesStage from "./stages/states.ts";
import studentStage from "./stages/student.ts";
import teacherStage from "./stages/teacher.ts";
import tokenizeStage from "./stages/tokenize.ts";
import translationsStage from "./stages/translations.ts";

export default pipeline(Matrix, ({ pairs }, node) => {
  for (const { name, experiment } of pairs) {
    distill(experiment, name === undefined ? node : node.within(name));
  }
});

/** The method, for one language pair. */
function distill(experiment: Experiment, node: NodeFunction): void {
  const { seed, data, languages, runtime, evaluation } = experiment;
  const vocabulary = experiment.vocabulary.size;

  const files = node(fetchStage, { config: { data, languages } });
  const corpus = node(corpusStage, {
    seed,
    config: { data, languages, corpus: experiment.corpus },
    inputs: { files },
  });
  const { import: given, licence, model, training } = experiment.teacher;
  const release = typeof given === "object"
    ? node(fetchModelStage, { config: given })
    : undefined;
  const imported = given === undefined ? undefined : node(importStage, {
    config: { from: given, model, vocabulary },
    inputs: { release },
  });
  const tokens = node(tokenizeStage, {
    config: experiment.vocabulary,
    inputs: { corpus, imported },
  });

  const teacher = imported ?? node(teacherStage, {
    seed,
    config: { model, training, vocabulary, runtime },
    inputs: { tokens },
  });

  const translated: Record<`system:${string}`, Handle<"hypotheses">> = {};
  const evaluate = (name: string, model: Handle<"model">) => {
    translated[`system:${name}`] = node(evaluateStage, {
      name,
      config: { evaluation, runtime },
      inputs: { model, tokens, corpus },
    });
  };
  evaluate("teacher", teacher);

  const exported = (system: string, model: Handle<"model">) =>
    node(exportStage, {
      name: system,
      config: {
        ...{ system, languages, data, evaluation },
        imported: given === undefined ? undefined : { from: given, licence },
      },
      inputs: { model, tokens, corpus },
    });
  exported("teacher", teacher);

  for (const targets of ["references", "teacher"] as const) {
    const students = Object.entries(experiment.students)
      .filter(([, student]) => student.targets === targets);
    if (students.length === 0) continue;
    const { beam, lengthPenalty } = evaluation;
    const trainingData = targets === "references" ? tokens : node(
      translationsStage,
      { config: { beam, lengthPenalty, runtime }, inputs: { teacher, tokens } },
    );
    const used = students.flatMap(([, student]) => distillations(student));
    const states = used.some(usesStates)
      ? node(statesStage, {
        name: targets === "references" ? undefined : "translations",
        config: { layers: recordedLayers(used), runtime },
        inputs: { teacher, tokens: trainingData },
      })
      : undefined;

    for (const [system, student] of students) {
      const { model, training, tuning, seeds } = student;
      const uses = distillations(student);
      const inputs = {
        teacher: uses.some(usesTeacher) ? teacher : undefined,
        states: uses.some(usesStates) ? states : undefined,
        lessons: trainingData,
        tokens,
      };
      const config = { model, training, vocabulary, runtime };

      const trials = tuning.trials.map(({ name, distillation }) => {
        const trained = node(studentStage, {
          name: `${system}.${name}`,
          seed: seeds[0],
          config: { ...config, training: tuning.training, distillation },
          inputs,
        });
        return [`trial:${name}`, trained] as const;
      });
      const choice = trials.length === 0 ? undefined : node(chooseStage, {
        name: system,
        config: { points: trialWeights(tuning.trials), evaluation, runtime },
        inputs: { ...Object.fromEntries(trials), tokens, corpus },
      });

      for (const seed of seeds) {
        const name = seeds.length === 1 ? system : `${system}@${seed}`;
        const distilled = node(studentStage, {
          name,
          seed,
          config: { ...config, distillation: student.distillation },
          inputs: { ...inputs, choice },
        });
        evaluate(name, distilled);
        exported(name, distilled);
      }
    }
  }

  node(compareStage, {
    config: { evaluation },
    inputs: { ...translated, corpus },
  });
}
