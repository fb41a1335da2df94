/** Estimates time, disk and memory of an experiment's stale nodes: operations of each, at the speed of this machine. */
import { z } from "zod";
import type { Estimate, Outlook, Steps } from "../../engine/graph/estimate.ts";
import { RecordedLayers } from "../../schemas/experiment/distillation.ts";
import { Evaluation } from "../../schemas/experiment/evaluation.ts";
import type { Runtime } from "../../schemas/experiment/runtime.ts";
import { parametersOf } from "../../nmt/transformer/parameters.ts";
import {
  type CorpusSize,
  gramOperations,
  pruningSeconds,
  recordingBytes,
  recordingOperations,
  searchOperations,
  trainingOperations,
} from "./arithmetic.ts";
import { fetchedBytes, heldOutSize, trainingSize } from "./corpus_size.ts";
import { memoryOf } from "./node_memory.ts";
import {
  corpusOf,
  isTrained,
  modelOf,
  runtimeOf,
  trainingOf,
} from "./nodes.ts";
import { measuredRate, type Recorded, recordedRate } from "./rate.ts";

/** What a node computes and leaves behind; `seconds` is what it takes beside the operations. */
interface Work {
  readonly operations: number;
  readonly seconds: number;
  readonly bytes: number;
}

/** What every node takes: its process, and the packages that it loads. */
const START = 0.5;

/** Cleaning and splitting take about this long a pair, and so do learning subwords and encoding. */
const A_PAIR = 50e-6;

/** A model of 4 bytes a parameter is exported in three sizes, which take about three times its bytes. */
const EXPORTED = 3, EXPORT_SECONDS = 4;

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
  const runtime = stale.flatMap((name) => runtimeOf(nodes.get(name)) ?? [])[0];
  const { operationsPerSecond, by } = operations === 0
    ? { operationsPerSecond: 1, by: "the sizes of its inputs" }
    : recordedRate(trainings(outlook, runtime)) ??
      await measuredRate(runtime ?? {});
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
    memoryBytes: Math.max(0, ...Object.values(memory)),
    memory,
    by,
    unknown: stale.filter((name) => works.get(name) === undefined),
  };
}

/** The trainings that this machine has recorded on a runtime. */
function trainings(
  { recorded, seconds }: Outlook,
  runtime: Runtime | undefined,
): Recorded[] {
  return [...seconds].flatMap(([name, seconds]) => {
    const step = recorded.get(name);
    const used = runtimeOf(step);
    if (used?.name !== runtime?.name || used?.provider !== runtime?.provider) {
      return [];
    }
    const training = trainingOf(recorded, step);
    return training === undefined
      ? []
      : [{ operations: trainingOperations(training), seconds }];
  });
}

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
      const training = trainingOf(nodes, node);
      const operations = training ? trainingOperations(training) : 0;
      return { ...least, operations, bytes: modelBytes(nodes, name) };
    }
    case "import":
    case "extend":
    case "trim":
    case "interpolate":
      return { ...least, bytes: modelBytes(nodes, name) };
    case "hyperparameters":
    case "compare":
      return least;
  }

  const corpusNode = corpusOf(nodes, name);
  const train = corpusNode && trainingSize(nodes, recorded, corpusNode);
  if (corpusNode === undefined || train === undefined) return undefined;
  const test = heldOutSize("test", corpusNode, train);
  const seconds = START + A_PAIR * train.pairs;
  const tokens = train.sourceTokens + train.targetTokens;
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
      return { ...least, seconds, bytes: 4.5 * tokens };
    case "monolingual":
    case "mixture":
    case "shortlist":
      return { ...least, seconds, bytes: 4 * tokens };
    case "tokenize":
      return { ...least, seconds, bytes: 4 * (tokens + 2 * train.pairs) };
    case "states": {
      const teacher = modelOf(nodes, inputs.teacher);
      const layers = z.object({ layers: RecordedLayers }).safeParse(config).data
        ?.layers;
      if (teacher === undefined || layers === undefined) return undefined;
      return {
        ...least,
        operations: recordingOperations(
          teacher.model,
          teacher.vocabulary,
          train,
        ),
        bytes: recordingBytes(teacher.model, layers, train),
      };
    }
    case "prune": {
      const teacher = modelOf(nodes, inputs.teacher);
      return teacher && {
        operations: gramOperations(teacher, train),
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
        operations: search("teacher", train, beam),
        bytes: 4 * tokens,
      };
    }
    case "evaluate":
      return {
        ...least,
        operations: search("model", test, evaluation.beam),
        bytes: 4.5 * test.targetTokens,
      };
    case "choose": {
      const validation = heldOutSize("validation", corpusNode, train);
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
        operations: search("model", test, evaluation.beam),
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
