/** Who draws which random numbers: a student none of its teacher's, students of a seed the same, whoever else is trained. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { distillationObjective } from "../../../nmt/distillation/loss.ts";
import type { Role } from "../../../nmt/random.ts";
import {
  openTeacherSignals,
  recordStates,
} from "../../../nmt/states/states.ts";
import type { HostTensors, Runtime } from "../../../nmt/tensor/program.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import { train } from "../../../nmt/training/training_loop.ts";
import type { Task } from "../../../nmt/training/training_step.ts";
import {
  Distillation,
  signalsOf,
} from "../../../schemas/experiment/distillation.ts";
import { Training } from "../../../schemas/experiment/model.ts";
import { withFolder } from "../fixtures/folder.ts";
import { studentModel, VOCABULARY } from "../fixtures/model.ts";
import { sentences, WORDS } from "../fixtures/reversal.ts";

const SEED = 1;
const TOKENS = sentences(1, 90);
const training = Training.parse({
  ...{ steps: 6, batchTokens: 96, warmup: 5, average: 1 },
  selection: "nll",
});
/** Deeper than its students, else alike: what has one name has one shape. */
const teacherModel = { ...studentModel, encoderLayers: 4, decoderLayers: 3 };

/** What the steps of a training are given, by name; a copy of each tensor as text. */
type Step = ReadonlyMap<string, string>;

function recording(runtime: Runtime, steps: Step[]): Runtime {
  const texts = (inputs: HostTensors): Step =>
    new Map(
      Object.entries(inputs).map(([name, { data }]) => [name, data.join()]),
    );
  return {
    ...runtime,
    compile: async (program, options) => {
      const executable = await runtime.compile(program, options);
      if (program.name !== "step") return executable;
      return {
        ...executable,
        run: (inputs, into) => {
          steps.push(texts(inputs as HostTensors));
          return executable.run(inputs, into);
        },
      };
    },
  };
}

/** Trains a model, and gives what each of its steps was given. */
async function trained(
  task: Omit<Task, "vocabulary" | "training">,
  role: Role,
  teacher?: Parameters<typeof train>[0]["teacher"],
  seed = SEED,
) {
  const steps: Step[] = [];
  const { weights } = await withFolder(async (folder) =>
    await train({
      task: { ...task, vocabulary: VOCABULARY, training },
      ...{ role, seed, teacher, folder },
      runtime: recording(await loadRuntime(), steps),
      threads: 1,
      train: TOKENS,
      validation: sentences(2, 10),
      scoring: WORDS,
      report: () => {},
    })
  );
  return { steps, weights };
}

/** The tensors of the steps whose names begin so. */
const named = (steps: readonly Step[], prefix: string) =>
  steps.map((step) =>
    new Map([...step].filter(([name]) => name.startsWith(prefix)))
  );
const isMatrix = (name: string) => /embedding$|\.weight$/.test(name);
const initialMatrices = ([first]: readonly Step[]) =>
  new Map(
    [...named([first], "weight ")[0]].filter(([name]) => isMatrix(name)),
  );
const order = (steps: readonly Step[]) =>
  steps.map((step) => `${step.get("source")};${step.get("labels")}`);

const { steps: teacher, weights } = await trained(
  { model: teacherModel },
  "teacher",
);
const { steps: plain } = await trained({ model: studentModel }, "student");

/** A student that learns from the teacher's layers and probabilities. */
async function distilled(): Promise<readonly Step[]> {
  const distillation = Distillation.parse({
    ...{
      alpha: 0.3,
      beta: 0.3,
      encoder: [[1, 2], [3, 4]],
      decoder: [[1], [3]],
    },
  });
  const saved = { model: teacherModel, vocabulary: VOCABULARY, weights };
  return await withFolder(async (folder) => {
    await recordStates({
      ...{ teacher: saved, tokens: TOKENS, folder, threads: 1 },
      runtime: await loadRuntime(),
      signals: signalsOf(distillation),
      report: () => {},
    });
    const signals = openTeacherSignals(
      saved,
      () => folder,
      TOKENS,
      distillation,
    );
    const { steps } = await trained(
      {
        model: studentModel,
        objective: distillationObjective(studentModel.width, {
          ...{ model: teacherModel, vocabulary: VOCABULARY, distillation },
        }),
      },
      "student",
      signals,
    );
    signals.close();
    return steps;
  });
}

Deno.test("no student shares an initial matrix, an order or a dropout mask with its teacher", async () => {
  const theirs = new Set(initialMatrices(teacher).values());
  const masks = new Set(
    named(teacher, "dropout ").flatMap((step) => [...step.values()]),
  );
  for (const student of [plain, await distilled()]) {
    const own = initialMatrices(student);
    assert(own.size > 20);
    for (const [name, values] of own) assert(!theirs.has(values), name);
    assertNotEquals(order(student), order(teacher));
    for (const step of named(student, "dropout ")) {
      assert(step.size > 10);
      for (const [name, values] of step) assert(!masks.has(values), name);
    }
  }
});

Deno.test("students of a seed begin with the same weights, on the same batches, with the same masks; of another, with others", async () => {
  const student = await distilled();
  const own = initialMatrices(student);
  for (const [name, values] of initialMatrices(plain)) {
    assertEquals(own.get(name), values, name);
  }
  assertEquals(order(student), order(plain));
  assertEquals(named(student, "dropout "), named(plain, "dropout "));
  const { steps: other } = await trained(
    { model: studentModel },
    "student",
    undefined,
    SEED + 1,
  );
  assertNotEquals(order(other), order(plain));
  assertNotEquals(initialMatrices(other), initialMatrices(plain));
});
