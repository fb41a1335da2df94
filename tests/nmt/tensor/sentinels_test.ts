/** No program of the model depends on the numbers that stand in for its sizes: with others, the same graph is recorded. */
import { assert, assertEquals } from "@std/assert";
import {
  encoderProgram,
  stepProgram as decoderStep,
} from "../../../nmt/decoding/decoder_step.ts";
import {
  gradientProgram,
  stepProgram,
  validationProgram,
} from "../../../nmt/training/training_step.ts";
import type { Program } from "../../../nmt/tensor/program.ts";
import { tf } from "../../../nmt/tensor/tfjs.ts";
import { record } from "../../../nmt/tensor/onnx/trace.ts";
import { studentModel, task, VOCABULARY } from "../fixtures/model.ts";
import { spec } from "./values.ts";

await tf.setBackend("cpu");

const distilled = task({
  alpha: 0.3,
  beta: 0.6,
  temperature: 2,
  encoder: [[1, 3], [2, 4]],
  decoder: [[1], [2, 3]],
}, { clipNorm: 1 });

const decoder = {
  model: studentModel,
  vocabulary: VOCABULARY,
  precision: "float32",
} as const;

const PROGRAMS: Readonly<Record<string, Program>> = {
  "the step of a training": stepProgram(task()),
  "the step of a distillation": stepProgram(distilled),
  "the gradients of a distillation": gradientProgram(distilled),
  "the validation": validationProgram(task()),
  "the encoder of a translation": encoderProgram(decoder),
  "the decoder's step of a translation": decoderStep(decoder, 5, 5),
};

/** The same program beside an unused input whose static sizes rule out these stand-ins. */
const displaced = (
  program: Program,
  sentinels: readonly number[],
): Program => ({
  ...program,
  inputs: { ...program.inputs, unused: spec("float32", ...sentinels) },
});

function whatIsRecorded(program: Program) {
  const { nodes, initializers, symbols } = record(program);
  return {
    nodes,
    initializers,
    sentinels: symbols.map((each) => each.sentinel),
  };
}

for (const [name, program] of Object.entries(PROGRAMS)) {
  Deno.test(`${name} is the same graph with other stand-ins`, () => {
    const first = whatIsRecorded(program);
    const second = whatIsRecorded(displaced(program, first.sentinels));
    assert(first.sentinels.every((each) => !second.sentinels.includes(each)));
    assertEquals(second.nodes.length, first.nodes.length);
    first.nodes.forEach((node, i) => assertEquals(second.nodes[i], node));
    assertEquals(second.initializers, first.initializers);
  });
}
