/** The memory that a node's process takes at most. */
import { z } from "zod";
import type { Steps } from "../../engine/graph/estimate.ts";
import { Signals } from "../../schemas/experiment/distillation.ts";
import { Runtime } from "../../schemas/experiment/runtime.ts";
import { trainingSize } from "./corpus_size.ts";
import {
  corpusMemory,
  exportMemory,
  FETCHING,
  importMemory,
  PROCESS,
  pruningMemory,
  recordingMemory,
  searchMemory,
  tokenizingMemory,
  tokensMemory,
  trimmingMemory,
} from "./memory.ts";
import { corpusOf, modelOf, runtimeOf, vocabularyOf } from "./nodes.ts";
import { readSize } from "./read_size.ts";
import { trainingMemory } from "./training_memory.ts";
import { trainingWork } from "./training_work.ts";

/** Bytes by node; undefined where they depend on what is not known. */
export function memoryOf(
  nodes: Steps,
  recorded: Steps,
  name: string,
): number | undefined {
  const node = nodes.get(name);
  if (node === undefined) return undefined;
  const { stage, inputs, config } = node;
  const model = modelOf(nodes, inputs.model ?? name);
  const corpus = corpusOf(nodes, name);
  const train = corpus && trainingSize(nodes, recorded, corpus);
  const runtime = runtimeOf(node) ?? Runtime.parse({});
  switch (stage) {
    case "compare":
      return PROCESS;
    case "fetch":
      return FETCHING;
    case "import":
    case "extend":
    case "interpolate":
      return model && importMemory(model);
    case "trim": {
      const teacher = modelOf(nodes, inputs.teacher);
      return teacher && model && trimmingMemory(teacher, model.vocabulary);
    }
    case "prune": {
      const teacher = modelOf(nodes, inputs.teacher);
      return teacher && pruningMemory(teacher);
    }
    case "teacher":
    case "student": {
      const training = trainingWork(nodes, recorded, name);
      return training && trainingMemory(training);
    }
    case "states": {
      const teacher = modelOf(nodes, inputs.teacher);
      const signals = z.object({ signals: Signals }).safeParse(config).data
        ?.signals;
      return teacher && signals &&
        recordingMemory(teacher, signals, runtime) +
          (train ? tokensMemory(readSize(nodes, recorded, name, train)) : 0);
    }
    case "translations": {
      const teacher = modelOf(nodes, inputs.teacher);
      return teacher && searchMemory(teacher, runtime);
    }
    case "evaluate":
      return model && searchMemory(model, runtime);
    case "export":
      return model && exportMemory(model);
    case "corpus":
      return train && corpusMemory(train.pairs);
    case "tokenize":
      return train && tokenizingMemory(train.pairs, vocabularyOf(node));
    case "choose": {
      const trial = Object.keys(inputs).find((key) => key.startsWith("trial:"));
      const tried = modelOf(nodes, inputs[trial ?? ""]);
      return tried && searchMemory(tried, runtime);
    }
  }
}
