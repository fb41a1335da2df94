/** Every system: its loss equals the equation in plain loops, and each term's gradient reaches exactly what it trains. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { mismatches } from "../../../schemas/experiment/agreement.ts";
import { rowsSymbol } from "../../../nmt/transformer/batch_inputs.ts";
import { PAD } from "../../../schemas/experiment/vocabulary.ts";
import { fromSlot, slots } from "../../../nmt/training/step_inputs.ts";
import {
  gradientProgram,
  type Losses,
  losses,
  type Task,
  trainedShapes,
} from "../../../nmt/training/training_step.ts";
import { parameterShapes } from "../../../nmt/transformer/parameters.ts";
import type {
  HostTensor,
  HostTensors,
  Program,
  Tensors,
} from "../../../nmt/tensor/program.ts";
import { loadRuntime } from "../../../nmt/tensor/runtime.ts";
import { tf } from "../../../nmt/tensor/tfjs.ts";
import {
  batch,
  distillationTask,
  VOCABULARY,
  weights,
} from "../fixtures/model.ts";
import { lengthsOf, plainLosses } from "../fixtures/plain_system.ts";
import { type System, SYSTEMS } from "../fixtures/systems.ts";

const LENGTHS = { batch: 3, source: 5, target: 6 };
const onnx = await loadRuntime();
const reference = await loadRuntime({ name: "reference" });

const taskOf = ({ student, teacher, distillation }: System): Task =>
  distillationTask(student, teacher, distillation);

const inputsOf = (task: Task): Record<string, HostTensor> => ({
  ...batch(task, LENGTHS, 1),
  ...weights(task, 7),
});

async function run(
  program: Program,
  inputs: HostTensors,
  runtime = reference,
): Promise<HostTensors> {
  const executable = await runtime.compile(program, { threads: 1 });
  const results = await executable.run(inputs);
  await executable.dispose();
  return results;
}

/** What a function of the model and the batch gives, over the inputs of a step. */
function over(
  task: Task,
  build: (parameters: Tensors, inputs: Tensors) => Tensors,
): Program {
  const shapes = trainedShapes(task);
  const { inputs } = gradientProgram(task);
  return {
    name: "system",
    inputs,
    build: (given) => build(fromSlot(shapes, slots.weight, given), given),
  };
}

/** Gradients of one part of the loss, of the parameters that it reads: others have none, in place of zeros. */
function partProgram(task: Task, part: keyof Losses): Program {
  return over(task, (parameters, inputs) => {
    const names = Object.keys(parameters);
    const { grads } = tf.engine().gradients(
      () => {
        const value = losses(task, parameters, inputs)[part];
        assert(value !== undefined, `no ${part} in the loss`);
        return value;
      },
      names.map((name) => parameters[name]),
      undefined,
      true,
    );
    return Object.fromEntries(names.flatMap((name, i) => {
      const gradient: tf.Tensor | null | undefined = grads[i];
      return gradient ? [[`of ${name}`, gradient]] : [];
    }));
  });
}

const largest = ({ data }: HostTensor) =>
  Math.max(...Array.from<number>(data).map(Math.abs));

/** Systems that read every kind of signal: soft targets, layers of both stacks combined in each way, attention maps. */
const PADDED = [
  "rkd",
  "pkd-attention",
  "ckd-both",
  "alp-kd of both stacks, unprojected",
];

/** A part of a loss and the parameters that it reads, by the equations. */
interface Reach {
  readonly part: "layers" | "attention";
  readonly reads: (name: string) => boolean;
  /** Read without effect: attention does not change when every key moves alike. */
  readonly idle: readonly string[];
}

function reaches({ student, distillation }: System): Reach[] {
  const { beta, encoder, decoder, attention } = distillation;
  const any = (...patterns: (RegExp | false)[]) => (name: string) =>
    patterns.some((pattern) => pattern && pattern.test(name));
  const found: Reach[] = [];
  const onDecoder = /^(embedding$|encoder\.|decoder\.\d)/;
  if (beta > 0 && encoder.length + decoder.length > 0) {
    found.push({
      part: "layers",
      // The final norm of the decoder comes after all layers; that of the encoder is read by the decoder.
      reads: any(
        encoder.length > 0 &&
          /^(embedding$|encoder\.\d|projection\.encoder)/,
        decoder.length > 0 && onDecoder,
        decoder.length > 0 && /^projection\.decoder/,
      ),
      idle: [],
    });
  }
  const chosen = attention.encoder.length + attention.decoder.length;
  if (beta > 0 && chosen > 0) {
    const lastEncoder = `encoder.${student.encoderLayers - 1}`;
    const lastDecoder = `decoder.${student.decoderLayers - 1}`;
    // Of the last layer, only what decides where it looks.
    const after = (name: string, layer: string, kind: string) =>
      name.startsWith(`${layer}.${kind}.output`) ||
      name.startsWith(`${layer}.feedForward`);
    found.push({
      part: "attention",
      reads: (name) =>
        (attention.encoder.length > 0 &&
          /^(embedding$|encoder\.\d)/.test(name) &&
          !after(name, lastEncoder, "self")) ||
        (attention.decoder.length > 0 && onDecoder.test(name) &&
          !after(name, lastDecoder, "cross")),
      idle: attention.decoder.length > 0
        ? [`${lastDecoder}.cross.keyValue.bias`]
        : [],
    });
  }
  return found;
}

for (const system of SYSTEMS) {
  const { name, student, teacher, distillation } = system;

  Deno.test(`${name}: the loss and its parts are those of plain loops`, async () => {
    assertEquals(mismatches(distillation, student, teacher), []);
    const task = taskOf(system);
    const inputs = inputsOf(task);
    const expected = await plainLosses(
      system,
      task,
      inputs,
      (program) => run(program, inputs),
    );
    for (const runtime of [onnx, reference]) {
      const results = await run(gradientProgram(task), inputs, runtime);
      const found = Object.keys(results)
        .filter((output) => !output.startsWith("gradient "));
      assertEquals(found.sort(), Object.keys(expected).sort());
      for (const [part, value] of Object.entries(expected)) {
        assert(value > 1e-3, part);
        assertAlmostEquals(
          results[part].data[0],
          value,
          2e-5 * value,
          `${runtime.identity.name}: ${part}`,
        );
      }
    }
  });

  Deno.test(`${name}: each part's gradient reaches exactly what that part reads, and they add up by their weights`, async () => {
    const task = taskOf(system);
    const inputs = inputsOf(task);
    const trained = Object.keys(trainedShapes(task));
    const whole = await run(gradientProgram(task), inputs);
    assertEquals(
      Object.keys(whole).filter((output) => output.startsWith("gradient "))
        .sort(),
      trained.map((name) => `gradient ${name}`).sort(),
      "the teacher is not trained",
    );
    const { alpha, beta } = distillation;
    const output = distillationTask(student, teacher, {
      alpha: alpha / (1 - beta),
      temperature: distillation.temperature,
    });
    const parts = [{
      share: 1 - beta,
      gradients: await run(partProgram(output, "loss"), pick(inputs, output)),
    }];
    const ofModel = Object.keys(parameterShapes(student, VOCABULARY));
    assertEquals(
      Object.keys(parts[0].gradients).sort(),
      ofModel.map((name) => `of ${name}`).sort(),
    );
    for (const { part, reads, idle } of reaches(system)) {
      const gradients = await run(partProgram(task, part), inputs);
      assertEquals(
        Object.keys(gradients).sort(),
        trained.filter(reads).map((name) => `of ${name}`).sort(),
        part,
      );
      for (const [of, gradient] of Object.entries(gradients)) {
        const isIdle = idle.some((name) => of === `of ${name}`);
        assertEquals(largest(gradient) > 1e-6, !isIdle, `${part} ${of}`);
      }
      parts.push({ share: beta, gradients });
    }
    for (const name of trained) {
      const { data } = whole[`gradient ${name}`];
      const sum = Array.from(data, (_, i) =>
        parts.reduce(
          (sum, { share, gradients }) =>
            sum + share * (gradients[`of ${name}`]?.data[i] ?? 0),
          0,
        ));
      const scale = Math.max(...sum.map(Math.abs));
      assert(scale > 0, `${name} is trained`);
      sum.forEach((value, i) =>
        assertAlmostEquals(data[i], value, 1e-4 * scale, name)
      );
    }
  });

  if (!PADDED.includes(name)) continue;
  Deno.test(`${name}: what the teacher says at padding changes no bit of loss or gradient`, async () => {
    const task = taskOf(system);
    const inputs = inputsOf(task);
    const noisy = { ...inputs };
    for (const { name, side, isMap } of perPosition(task)) {
      const ids = side === "source" ? inputs.source : inputs.labels;
      const { shape, data } = inputs[name];
      const width = shape[shape.length - 1];
      assert(ids.data.includes(PAD));
      const isPadding = isMap
        ? lengthsOf(ids).flatMap((length) =>
          Array.from({ length: shape[1] }, (_, query) => query >= length)
        )
        : Array.from<number, boolean>(ids.data, (id) => id === PAD);
      const changed = data.map((value, i) =>
        isPadding[Math.floor(i / width)] ? 50 : value
      );
      noisy[name] = { shape, data: changed as typeof data };
    }
    for (const runtime of [onnx, reference]) {
      const executable = await runtime.compile(gradientProgram(task), {
        threads: 1,
      });
      const quiet = await executable.run(inputs);
      assertEquals(await executable.run(noisy), quiet);
      await executable.dispose();
    }
  });
}

/** The teacher's inputs that say something of each token of a side: its states, and where its queries look. */
function perPosition({ objective }: Task) {
  return Object.entries(objective?.inputs ?? {}).flatMap(([name, spec]) => {
    const [first, second] = spec.shape;
    const isMap = first === "batch";
    const side = (["source", "target"] as const)
      .find((side) =>
        (isMap ? second : first) === (isMap ? side : rowsSymbol(side))
      );
    return side === undefined ? [] : [{ name, side, isMap }];
  });
}

/** The inputs of a task among those of one that has more. */
const pick = (inputs: HostTensors, task: Task): HostTensors =>
  Object.fromEntries(
    Object.keys(gradientProgram(task).inputs)
      .map((name) => [name, inputs[name]]),
  );
