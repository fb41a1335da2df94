/** The estimate of memory against what stages took. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import type { SizedModel } from "../../../nmt/transformer/parameters.ts";
import { estimate } from "../../../apps/estimate/estimate.ts";
import {
  exportMemory,
  importMemory,
  pruningMemory,
  recordingMemory,
  searchMemory,
  trimmingMemory,
} from "../../../apps/estimate/memory.ts";
import { trainingMemory } from "../../../apps/estimate/training_memory.ts";
import { estimateText } from "../../../cli/console/estimate_text.ts";
import { readExperiment } from "../../../engine/graph/experiment.ts";
import { outlook } from "../../../engine/run/outlook.ts";
import pipeline from "../../../pipeline.ts";
import {
  Distillation,
  Signals,
} from "../../../schemas/experiment/distillation.ts";
import {
  Model,
  StudentModel,
  Training,
} from "../../../schemas/experiment/model.ts";
import { Runtime } from "../../../schemas/experiment/runtime.ts";
import { ROOT } from "../../fixtures/command.ts";
import { temporary } from "../../fixtures/made_run.ts";

const quickSizes = { width: 128, feedForward: 512, heads: 4 };
const quickTeacher = { model: Model.parse(quickSizes), vocabulary: 4000 };
const runtime = Runtime.parse({});
const quickStudent = {
  runtime,
  model: StudentModel.parse(quickSizes),
  vocabulary: 4000,
  training: Training.parse({ batchTokens: 2048, selection: "nll" }),
};
const byBleu = Training.parse({ batchTokens: 2048 });
const wideSizes = { width: 256, feedForward: 1024, heads: 4 };
const wide = {
  ...{ runtime, training: byBleu, vocabulary: 8000 },
  model: StudentModel.parse(wideSizes),
};
const openvino = Runtime.parse({ name: "openvino" });

const tiny11: SizedModel = {
  model: Model.parse({
    ...{ decoderLayers: 2, width: 256, feedForward: 1536, norm: "post" },
    ...{ autoregression: "ssru", outputBias: true },
  }),
  vocabulary: 32_002,
};
const manySubwords = {
  ...{ runtime, vocabulary: 16_000, model: StudentModel.parse(wideSizes) },
  training: Training.parse({ batchTokens: 2560, selection: "nll" }),
};
const itsTeacher = { model: Model.parse(wideSizes), vocabulary: 16_000 };

const opus: SizedModel = {
  model: Model.parse({ norm: "post", activation: "swish", outputBias: true }),
  vocabulary: 58_102,
};
const trimmedOpus = { ...opus, vocabulary: 14_000 };
const opusStudent = (batchTokens: number) => ({
  runtime,
  model: StudentModel.parse({ encoderLayers: 3, decoderLayers: 3 }),
  vocabulary: 14_000,
  training: Training.parse({ batchTokens, selection: "nll" }),
  teacher: trimmedOpus,
  distillation: Distillation.parse({
    ...{ alpha: 0.5, beta: 0.2 },
    encoder: [[1, 2], [3, 4], [5, 6]],
    decoder: [[1, 2], [3, 4], [5, 6]],
  }),
});
const all = [1, 2, 3, 4, 5, 6];
const ofEncoder = Signals.parse({ final: true, encoder: all });
const halves = [[1, 2, 3], [4, 5, 6]];

/** Peaks of processes in MB, on 2 cores with 24 GB, by the runs' logs. */
const MEASURED: Readonly<Record<string, readonly [number, number]>> = {
  "the teacher of quick": [
    trainingMemory({ ...quickStudent, ...quickTeacher }),
    868,
  ],
  "no-kd of quick": [trainingMemory(quickStudent), 588],
  "the teacher of quick, validated by BLEU": [
    trainingMemory({ ...quickStudent, ...quickTeacher, training: byBleu }),
    1061,
  ],
  "no-kd of quick, validated by BLEU": [
    trainingMemory({ ...quickStudent, training: byBleu }),
    722,
  ],
  "a teacher of width 256 and 8,000 subwords, validated by BLEU": [
    trainingMemory({ ...wide, model: Model.parse(wideSizes) }),
    1769,
  ],
  "the same by OpenVINO": [
    trainingMemory({
      ...{ ...wide, runtime: openvino, model: Model.parse(wideSizes) },
    }),
    3386,
  ],
  "a student of its width, validated by BLEU": [trainingMemory(wide), 1136],
  "that student by OpenVINO": [
    trainingMemory({ ...wide, runtime: openvino }),
    1969,
  ],
  "the teacher of quick by OpenVINO": [
    trainingMemory({ ...quickStudent, ...quickTeacher, runtime: openvino }),
    1945,
  ],
  "no-kd of quick by OpenVINO": [
    trainingMemory({ ...quickStudent, runtime: openvino }),
    1023,
  ],
  "the teacher of quick by OpenVINO, validated by BLEU": [
    trainingMemory({
      ...{ ...quickStudent, ...quickTeacher },
      ...{ training: byBleu, runtime: openvino },
    }),
    2254,
  ],
  "no-kd of quick by OpenVINO, validated by BLEU": [
    trainingMemory({ ...quickStudent, training: byBleu, runtime: openvino }),
    1246,
  ],
  "the search of no-kd of quick by OpenVINO": [
    searchMemory(quickStudent, openvino, 2),
    1601,
  ],
  "the search of a student of width 256 by OpenVINO": [
    searchMemory(wide, openvino, 2),
    2535,
  ],
  "the search of a student of width 256": [
    searchMemory(wide, runtime, 2),
    1079,
  ],
  "the states of quick by OpenVINO": [
    recordingMemory(quickTeacher, ofEncoder, openvino),
    451,
  ],
  "rkd of quick": [
    trainingMemory({
      ...quickStudent,
      teacher: quickTeacher,
      distillation: Distillation.parse({ alpha: 0.7 }),
    }),
    708,
  ],
  "ckd-regular of quick": [
    trainingMemory({
      ...quickStudent,
      teacher: quickTeacher,
      distillation: Distillation.parse({
        ...{ alpha: 0.6, beta: 0.2, encoder: halves },
      }),
    }),
    779,
  ],
  "ckd-regular of quick, its states streamed": [
    trainingMemory({
      ...quickStudent,
      teacher: quickTeacher,
      distillation: Distillation.parse({
        ...{ alpha: 0.6, beta: 0.2, encoder: halves, states: "streamed" },
      }),
    }),
    899,
  ],
  "the states of quick": [
    recordingMemory(quickTeacher, ofEncoder),
    265,
  ],
  "the search of no-kd of quick": [searchMemory(quickStudent, runtime, 2), 669],
  "the import of tiny11": [importMemory(tiny11), 361],
  "the states of tiny11": [
    recordingMemory(tiny11, ofEncoder),
    1079,
  ],
  "the pruning of tiny11, its vocabulary trimmed to 10,300": [
    pruningMemory({ ...tiny11, vocabulary: 10_300 }),
    1343,
  ],
  "the search of tiny11": [searchMemory(tiny11, runtime, 2), 1781],
  "the export of tiny11": [exportMemory(tiny11), 904],
  "a teacher of 16,000 subwords": [
    trainingMemory({ ...manySubwords, model: Model.parse(wideSizes) }),
    1707,
  ],
  "a student of 16,000 subwords": [trainingMemory(manySubwords), 1209],
  "a student with soft targets of 16,000 subwords": [
    trainingMemory({
      ...{ ...manySubwords, teacher: itsTeacher },
      distillation: Distillation.parse({ alpha: 0.5 }),
    }),
    1825,
  ],
  "a student with soft targets and layers of 16,000 subwords": [
    trainingMemory({
      ...{ ...manySubwords, teacher: itsTeacher },
      distillation: Distillation.parse({
        ...{ alpha: 0.2, beta: 0.7, encoder: halves },
      }),
    }),
    1884,
  ],
  "the import of a model of OPUS-MT's size": [importMemory(opus), 851],
  "its vocabulary trimmed to 14,000": [trimmingMemory(opus, 14_000), 518],
  "the states of it": [
    recordingMemory(trimmedOpus, { ...ofEncoder, decoder: all }),
    1096,
  ],
  "a student of it, 2,048 tokens a batch": [
    trainingMemory(opusStudent(2048)),
    2821,
  ],
  "a student of it, 6,144 tokens a batch": [
    trainingMemory(opusStudent(6144)),
    5313,
  ],
};

for (const [what, [bytes, megabytes]] of Object.entries(MEASURED)) {
  Deno.test(`the memory of ${what} is estimated within 30 %`, () => {
    const ratio = bytes / (megabytes * 1e6);
    assert(ratio > 0.7 && ratio < 1.3, `${ratio}`);
  });
}

Deno.test("a run takes the memory of its largest stale node, which is printed", async () => {
  const { value, what } = readExperiment(
    join(ROOT, "experiments"),
    "quick",
    [],
  );
  const graph = pipeline.graph(value, what);
  using folder = temporary();
  const of = (...stale: string[]) =>
    estimate(outlook(
      graph,
      folder.path,
      [...graph.keys()].map((name) => ({
        name,
        state: stale.includes(name) ? "stale" as const : "cached" as const,
        metrics: {},
      })),
    ));
  const small = await of("states", "compare");
  const large = await of("states", "student:no-kd", "student:ckd-regular");
  assertEquals(Object.keys(small.memory).sort(), ["compare", "states"]);
  assertEquals(small.memoryBytes, small.memory.states);
  assertEquals(large.memoryBytes, large.memory["student:ckd-regular"]);
  assertMatch(
    estimateText(large),
    /^about [\d.]+ (minutes|hours), [\d.]+ GB of disk and 0\.8 GB of memory, by /,
  );
});
