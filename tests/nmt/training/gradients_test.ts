/** The recorded step against eager tfjs: the loss, its parts and every gradient, over several batch shapes. */
import { assert, assertEquals } from "@std/assert";
import {
  gradientProgram,
  type Task,
} from "../../../nmt/training/training_step.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import { RUNTIMES } from "../tensor/runtimes.ts";
import { relativeError } from "../fixtures/agreement.ts";
import { batch, type Lengths, task, weights } from "../fixtures/model.ts";

const SHAPES: readonly Lengths[] = [
  { batch: 3, source: 5, target: 7 },
  { batch: 4, source: 9, target: 2 },
  { batch: 1, source: 1, target: 1 },
  { batch: 2, source: 37, target: 41 },
  { batch: 5, source: 12, target: 43 },
];

const TASKS: Readonly<Record<string, Task>> = {
  "training without a teacher": task(),
  "soft targets (RKD)": task({ alpha: 0.7, temperature: 2 }),
  "combined encoder layers projected on the student": task({
    alpha: 0.2,
    beta: 0.7,
    encoder: [[1, 2], [3, 4]],
  }),
  "combined layers of both stacks projected on the teacher": task({
    alpha: 0.5,
    beta: 0.5,
    temperature: 3,
    encoder: [[1, 3], [2, 3, 4]],
    decoder: [[1], [2, 3]],
    project: "teacher",
  }),
  "layers combined by attention, and attention maps": task({
    alpha: 0.2,
    beta: 0.7,
    encoder: [[1, 2, 3, 4], [1, 2, 3, 4]],
    combine: "attention",
    attention: { encoder: [2, 4], decoder: [1, 3] },
  }),
};

const reference = await loadRuntime({ name: "reference" });

for (const { name: runtime, identity, load } of RUNTIMES) {
  if (identity.name === "reference") continue;
  for (const [name, each] of Object.entries(TASKS)) {
    Deno.test(`${runtime}: ${name}: loss and every gradient agree with the reference to 1e-4 over five shapes of one program`, async () => {
      const program = gradientProgram(each);
      const executable = await (await load()).compile(program, { threads: 2 });
      const eager = await reference.compile(program);
      for (const [index, lengths] of SHAPES.entries()) {
        const inputs = { ...batch(each, lengths, index), ...weights(each, 7) };
        const actual = await executable.run(inputs);
        const expected = await eager.run(inputs);
        assertEquals(Object.keys(actual).sort(), Object.keys(expected).sort());
        for (const output of Object.keys(expected)) {
          assertEquals(actual[output].shape, expected[output].shape, output);
          const error = relativeError(actual[output], expected[output]);
          assert(
            error < 1e-4,
            `${output} at ${JSON.stringify(lengths)}: relative error ${error}`,
          );
        }
      }
      await executable.dispose();
    });
  }
}
