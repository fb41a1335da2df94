/**
 * The method: train a deep teacher on a parallel corpus, record its hidden states, distill students from them with
 * the combined-layer loss, and evaluate them all (Wu et al. 2020, "Why Skip If You Can Combine").
 */
import { type NodeFunction, pipeline } from "./engine/graph.ts";
import {
  combinedLayers,
  type Experiment,
  needsStates,
} from "./schemas/experiment.ts";
import { Matrix } from "./schemas/matrix.ts";
import { usesTeacher } from "./schemas/distillation.ts";
import { systemsTable } from "./metrics/table.ts";
import corpusStage from "./stages/corpus.ts";
import evaluateStage from "./stages/evaluate.ts";
import fetchStage from "./stages/fetch.ts";
import statesStage from "./stages/states.ts";
import studentStage from "./stages/student.ts";
import teacherStage from "./stages/teacher.ts";
import tokenizeStage from "./stages/tokenize.ts";

const definition = pipeline(Matrix, ({ pairs }, node) => {
  for (const { name, experiment } of pairs) {
    distill(experiment, name === undefined ? node : node.within(name));
  }
}, { summary: systemsTable });

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
  const tokens = node(tokenizeStage, {
    config: experiment.vocabulary,
    inputs: { corpus },
  });

  const teacher = node(teacherStage, {
    seed,
    config: { ...experiment.teacher, vocabulary, runtime },
    inputs: { tokens },
  });
  node(evaluateStage, {
    name: "teacher",
    config: { evaluation, runtime },
    inputs: { model: teacher, tokens, corpus },
  });

  const layers = {
    encoder: combinedLayers(experiment, "encoder"),
    decoder: combinedLayers(experiment, "decoder"),
  };
  const states = needsStates(experiment)
    ? node(statesStage, {
      config: { layers, runtime },
      inputs: { teacher, tokens },
    })
    : undefined;

  for (const [system, student] of Object.entries(experiment.students)) {
    const { seeds, ...config } = student;
    const lessons = usesTeacher(config.distillation) ? { teacher, states } : {};
    for (const seed of seeds) {
      const name = seeds.length === 1 ? system : `${system}@${seed}`;
      const model = node(studentStage, {
        name,
        seed,
        config: { ...config, vocabulary, runtime },
        inputs: { ...lessons, tokens },
      });
      node(evaluateStage, {
        name,
        config: { evaluation, runtime },
        inputs: { model, tokens, corpus },
      });
    }
  }
}

export default definition;

if (import.meta.main) {
  const { main } = await import("./cli.ts");
  await main(definition, Deno.args);
}
