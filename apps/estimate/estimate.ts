/** Estimates time, disk and memory of an experiment's stale nodes: operations of each, at the speed of this machine. */
import { z } from "zod";
import { freeBytes } from "../../base/disk_space.ts";
import { isInputError } from "../../base/input_error.ts";
import type { Estimate, Outlook, Steps } from "../../engine/graph/estimate.ts";
import { Signals } from "../../schemas/experiment/distillation.ts";
import { Evaluation } from "../../schemas/experiment/evaluation.ts";
import { Runtime } from "../../schemas/experiment/runtime.ts";
import { requireRuntime } from "../../nmt/tensor/probe.ts";
import { parametersOf } from "../../nmt/transformer/parameters.ts";
import {
  type CorpusSize,
  gramOperations,
  PAIR_NUMBERS,
  pruningSeconds,
  recordingBytes,
  recordingOperations,
  searchOperations,
  trainingOperations,
  validationsOf,
} from "./arithmetic.ts";
import { fetchedBytes, heldOutSize, trainingSize } from "./corpus_size.ts";
import { memoryOf } from "./node_memory.ts";
import {
  corpusOf,
  isTrained,
  modelOf,
  runtimeOf,
  vocabularyOf,
} from "./nodes.ts";
import { trainingWork } from "./training_work.ts";
import { measuredRate, type Recorded, recordedRate } from "./rate.ts";
import { readSize } from "./read_size.ts";

/** What a node computes and leaves behind; `seconds` is what it takes beside the operations. */
interface Work {
  readonly operations: number;
  readonly seconds: number;
  readonly bytes: number;
}

/** What every node takes: its process, and the packages that it loads; and a validation that compiles a search. */
const START = 0.5;

/** Seconds in which a pair is cleaned and placed, and in which subwords are learned from it and it is encoded. */
const A_PAIR = { corpus: 15e-6, tokenize: 50e-6 };

/** Bytes of a subword in a tokenizer: its own text, and the merge that makes it. */
const SUBWORD_BYTES = 60;

/** Of a translation: the counts of its scores. */
const STATISTICS_BYTES = 36;

/** A model of 4 bytes a parameter is exported in three sizes, which take about three times its bytes. */
const EXPORTED = 3, EXPORT_SECONDS = 4;

/** It translates the test set in two of them, without the workers of an evaluation. */
const EXPORT_SEARCHES = 3;

/** Bytes a second of a download, where nothing is known of the network. */
const DOWNLOAD = 5e6;

/** Seconds, bytes and memory for the stale nodes; they run one after the other, as trainings take all cores. */
export async function estimate(outlook: Outlook): Promise<Estimate> {
  const { nodes, stale, recorded } = outlook;
  const works = new Map(
    stale.map((name) => [name, workOf(nodes, recorded, name)]),
  );
  const known = [...works].flatMap(([name, work]) =>
    work === undefined ? [] : [{ name, ...work }]
  );
  const operations = total(known.map((work) => work.operations));
  // An export has none of its own: it runs on the default one.
  const runtime =
    stale.flatMap((name) => runtimeOf(nodes.get(name)) ?? [])[0] ??
      Runtime.parse({});
  const missing = await whyMissing(runtime);
  const { operationsPerSecond, by } = operations === 0
    ? { operationsPerSecond: 1, by: "the sizes of its inputs" }
    : recordedRate(trainings(outlook, runtime), operations) ??
      await measuredRate(missing === undefined ? runtime : undefined);
  const secondsOf = Object.fromEntries(
    known.map(({ name, operations, seconds }) => [
      name,
      operations / operationsPerSecond + seconds,
    ]),
  );
  const memory = Object.fromEntries(
    stale.flatMap((name) => {
      const bytes = memoryOf(nodes, recorded, name);
      return bytes === undefined ? [] : [[name, Math.round(bytes)]];
    }),
  );
  return {
    seconds: total(Object.values(secondsOf)),
    nodes: secondsOf,
    bytes: Math.round(total(known.map((work) => work.bytes))),
    freeBytes: freeBytes(outlook.artifacts),
    memoryBytes: Math.max(0, ...Object.values(memory)),
    memory,
    by,
    ...missing !== undefined && { missing },
    unknown: stale.filter((name) => works.get(name) === undefined),
  };
}

/** Why this machine cannot use a runtime, in one sentence; undefined where it can. */
async function whyMissing(runtime: Runtime): Promise<string | undefined> {
  try {
    await requireRuntime(runtime);
  } catch (error) {
    if (isInputError(error)) return error.message;
    throw error;
  }
}

/** The trainings that this machine has recorded on a runtime. */
function trainings(
  { recorded, seconds }: Outlook,
  runtime: Runtime,
): Recorded[] {
  return [...seconds].flatMap(([name, seconds]) => {
    const step = recorded.get(name);
    const used = runtimeOf(step);
    if (used?.name !== runtime.name || used.provider !== runtime.provider) {
      return [];
    }
    const work = trainingWork(recorded, recorded, name);
    if (work === undefined) return [];
    // Patience may have ended it before its last step.
    const { steps = work.training.steps } = Trained.parse(step?.metrics ?? {});
    const training = { ...work.training, steps };
    return [{ operations: trainingOperations({ ...work, training }), seconds }];
  });
}

const Trained = z.object({ steps: z.number().optional() });

/** Undefined where the work depends on a corpus of which nothing is known. */
function workOf(nodes: Steps, recorded: Steps, name: string): Work | undefined {
  const node = nodes.get(name);
  if (node === undefined) return undefined;
  const { stage, inputs, config } = node;
  const least = { operations: 0, seconds: START, bytes: 0 };
  switch (stage) {
    case "fetch": {
      const bytes = fetchedBytes(node);
      return bytes === undefined
        ? undefined
        : { ...least, seconds: START + bytes / DOWNLOAD, bytes };
    }
    case "teacher":
    case "student": {
      if (isTrained(nodes, name)) return { ...least, seconds: 0 };
      const work = trainingWork(nodes, recorded, name);
      if (work === undefined) return least;
      const { training } = work;
      const searches = training.selection === "bleu"
        ? validationsOf(training)
        : 0;
      return {
        operations: trainingOperations(work),
        seconds: START * (1 + searches),
        bytes: modelBytes(nodes, name),
      };
    }
    case "import":
    case "extend":
    case "trim":
    case "interpolate":
      return { ...least, bytes: modelBytes(nodes, name) };
    case "hyperparameters":
    case "compare":
    case "validation":
      return least;
  }

  const corpusNode = corpusOf(nodes, name);
  const train = corpusNode && trainingSize(nodes, recorded, corpusNode);
  if (corpusNode === undefined || train === undefined) return undefined;
  const isOfValidation = nodes.get(inputs.corpus ?? "")?.stage === "validation";
  const test = heldOutSize(
    nodes,
    isOfValidation ? "validation" : "test",
    corpusNode,
    train,
  );
  const read = readSize(nodes, recorded, name, train);
  const secondsOf = (aPair: number) => START + aPair * read.pairs;
  const tokens = read.sourceTokens + read.targetTokens;
  const evaluation = Evaluation.parse(
    z.object({ evaluation: z.unknown() }).safeParse(config).data?.evaluation ??
      {},
  );
  const search = (input: string, size: CorpusSize, beam: number) => {
    const model = modelOf(nodes, inputs[input]);
    return model === undefined
      ? 0
      : searchOperations(model.model, model.vocabulary, beam, size);
  };
  switch (stage) {
    case "corpus":
      return {
        ...least,
        seconds: secondsOf(A_PAIR.corpus),
        bytes: 4.5 * tokens,
      };
    case "join":
    case "monolingual":
    case "mixture":
    case "shortlist":
      return {
        ...least,
        seconds: secondsOf(A_PAIR.tokenize),
        bytes: 4 * tokens,
      };
    case "overlap":
      return { ...least, seconds: secondsOf(A_PAIR.tokenize), bytes: 0 };
    case "tokenize":
      return {
        ...least,
        seconds: secondsOf(A_PAIR.tokenize),
        bytes: 4 * (tokens + PAIR_NUMBERS * read.pairs) +
          SUBWORD_BYTES * vocabularyOf(node),
      };
    case "states": {
      const teacher = modelOf(nodes, inputs.teacher);
      const signals = z.object({ signals: Signals }).safeParse(config).data
        ?.signals;
      if (teacher === undefined || signals === undefined) return undefined;
      return {
        ...least,
        operations: recordingOperations(teacher.model, signals, read),
        bytes: recordingBytes(teacher.model, signals, read),
      };
    }
    case "prune": {
      const teacher = modelOf(nodes, inputs.teacher);
      return teacher && {
        operations: gramOperations(teacher.model, read),
        seconds: START + pruningSeconds(teacher.model),
        bytes: modelBytes(nodes, name),
      };
    }
    case "translations": {
      const { beam } = Evaluation.pick({ beam: true }).parse({
        beam: z.object({ beam: z.number() }).safeParse(config).data?.beam,
      });
      return {
        ...least,
        operations: search("teacher", read, beam),
        bytes: 4 * tokens,
      };
    }
    case "evaluate":
      return {
        ...least,
        operations: search("model", test, evaluation.beam),
        bytes: 4.5 * test.targetTokens + STATISTICS_BYTES * test.pairs,
      };
    case "choose": {
      const validation = heldOutSize(nodes, "validation", corpusNode, train);
      const trials = Object.keys(inputs)
        .filter((input) => input.startsWith("trial:"));
      return {
        ...least,
        operations: total(
          trials.map((input) => search(input, validation, evaluation.beam)),
        ),
      };
    }
    case "export":
      return {
        operations: EXPORT_SEARCHES * search("model", test, evaluation.beam),
        seconds: START + EXPORT_SECONDS,
        bytes: EXPORTED * modelBytes(nodes, inputs.model),
      };
    default:
      return undefined;
  }
}

function modelBytes(nodes: Steps, name: string | undefined): number {
  const trained = modelOf(nodes, name);
  return trained === undefined ? 0 : 4 * parametersOf(trained);
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0);
}
