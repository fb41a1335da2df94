/** Model files and checkpoints: they are read back as written, and damaged files are refused by name. */
import { assert, assertEquals } from "@std/assert";
import {
  averageWeights,
  interpolatedWeights,
  loadModel,
  loadState,
  saveModel,
  saveState,
  type TrainingState,
} from "../../../nmt/transformer/checkpoint.ts";
import {
  initialWeights,
  parameterShapes,
} from "../../../nmt/transformer/parameters.ts";
import { trainedShapes } from "../../../nmt/training/training_step.ts";
import {
  readSafetensors,
  writeSafetensors,
} from "../../../nmt/tensor/safetensors.ts";
import { assertInputError } from "../../fixtures/input_error.ts";
import { withFolder } from "../fixtures/folder.ts";
import { studentModel, task, VOCABULARY } from "../fixtures/model.ts";

const modelShapes = parameterShapes(studentModel, VOCABULARY);
const saved = {
  model: studentModel,
  vocabulary: VOCABULARY,
  weights: initialWeights(modelShapes, 3),
};
const shapes = trainedShapes(task({ beta: 0.5, encoder: [[1, 2], [3]] }));
const state: TrainingState = {
  weights: initialWeights(shapes, 1),
  first: initialWeights(shapes, 2),
  second: initialWeights(shapes, 4),
  step: 120,
  epoch: 3,
  batch: 7,
  validations: [{ step: 60, trainingLoss: 4.25, nll: 3.0000000000000004 }, {
    step: 120,
    trainingLoss: 4,
    nll: 2.5,
    bleu: 12.30000000000001,
  }],
  lossSum: 3.0000000000000004,
  stepsSummed: 1,
};
const WHAT = 'the model of "teacher"';

const withPath = (test: (path: string) => void) =>
  withFolder((folder) => test(`${folder}/file.safetensors`));

/** One sentence for the user, that names the file as they know it. */
const assertRefused = (read: () => unknown, ...parts: readonly string[]) =>
  assertInputError(read, WHAT, ...parts);

Deno.test("a model is read back as it was written, and equal models give equal bytes", () =>
  withPath((path) => {
    saveModel(path, saved);
    const bytes = Deno.readFileSync(path);
    assertEquals(loadModel(path, WHAT), saved);
    saveModel(path, loadModel(path, WHAT));
    assertEquals(Deno.readFileSync(path), bytes);
    assertEquals(
      [...Deno.readDirSync(path.replace(/\/[^/]*$/, ""))].length,
      1,
      "no temporary file is left",
    );
  }));

Deno.test("a model file holds the model alone, also where more was trained", () =>
  withPath((path) => {
    saveModel(path, { ...saved, weights: { ...state.weights } });
    assertEquals(
      Object.keys(loadModel(path, WHAT).weights),
      Object.keys(modelShapes),
    );
    assertEquals(
      Object.keys(readSafetensors(path, WHAT).tensors),
      Object.keys(modelShapes),
    );
  }));

Deno.test("the state of a training is read back as it was written, projections and every digit included", () =>
  withPath((path) => {
    saveState(path, shapes, state);
    assertEquals(loadState(path, shapes, WHAT), state);
    assert("projection.encoder.1.bias" in loadState(path, shapes, WHAT).second);
  }));

Deno.test("a model or state that is missing, cut short or of other metadata is refused in one sentence", () =>
  withPath((path) => {
    const kinds = [
      [() => saveModel(path, saved), () => loadModel(path, WHAT)],
      [
        () => saveState(path, shapes, state),
        () => loadState(path, shapes, WHAT),
      ],
    ] as const;
    for (const [save, load] of kinds) {
      assertRefused(load, "No such file");
      save();
      Deno.writeFileSync(path, Deno.readFileSync(path).slice(0, -1));
      assertRefused(load, "damaged");
      writeSafetensors(path, {}, {});
      assertRefused(load, "JSON in its metadata, found nothing");
      Deno.removeSync(path);
    }
  }));

Deno.test("a model whose config, vocabulary or tensors do not fit is refused with what was expected and found", () =>
  withPath((path) => {
    const write = (change: {
      metadata?: Record<string, string>;
      tensors?: Parameters<typeof writeSafetensors>[1];
    }) => {
      saveModel(path, saved);
      const { tensors, metadata } = readSafetensors(path, WHAT);
      writeSafetensors(path, { ...tensors, ...change.tensors }, {
        ...metadata,
        ...change.metadata,
      });
    };
    const refused = (
      change: Parameters<typeof write>[0],
      ...parts: string[]
    ) => {
      write(change);
      assertRefused(() => loadModel(path, WHAT), ...parts);
    };
    const configured = (change: Record<string, number>) => ({
      metadata: { config: JSON.stringify({ ...studentModel, ...change }) },
    });
    refused({ metadata: { config: "{" } }, "JSON in its metadata, found {");
    refused({ metadata: { config: "null" } }, "the config in");
    refused(configured({ widht: 16 }), '"widht"', 'did you mean "width"');
    refused(configured({ heads: 3 }), "heads that divides width 16, found 3");
    refused(
      configured({ encoderLayers: 3 }),
      'tensor "encoder.2.self.norm.gain" of shape [16], found none',
    );
    refused(
      { metadata: { vocabulary: "many" } },
      "the size of its vocabulary, found many",
    );
    refused(
      { metadata: { vocabulary: "50" } },
      'tensor "embedding" of shape [50,16], found Float32Array [51,16]',
    );
    const half = { shape: [16], data: new Float16Array(16) };
    refused(
      { tensors: { "encoder.norm.bias": half } },
      'tensor "encoder.norm.bias" of shape [16], found Float16Array [16]',
    );
    write({ tensors: { unknown: { shape: [1], data: new Float32Array(1) } } });
    assertEquals(
      loadModel(path, WHAT),
      saved,
      "what else is in the file is no part of the model",
    );
  }));

Deno.test("a state whose position or tensors do not fit is refused with what was expected and found", () =>
  withPath((path) => {
    const refused = (position: unknown, ...parts: string[]) => {
      saveState(path, shapes, state);
      writeSafetensors(path, readSafetensors(path, WHAT).tensors, {
        position: JSON.stringify(position),
      });
      assertRefused(() => loadState(path, shapes, WHAT), ...parts);
    };
    const { step, epoch, batch, validations } = state;
    const position = { step, epoch, batch, validations };
    refused(null, "expected object");
    refused({ ...position, step: 1.5 }, '"step"');
    refused({ ...position, epoch: -1 }, '"epoch"');
    refused({ step, epoch, validations }, '"batch"');
    refused({ ...position, validations: 3 }, '"validations"');
    refused(
      { ...position, validations: [{ step: 1, nll: "low" }] },
      '"validations.0',
    );
    saveState(path, shapes, state);
    const wider = { ...shapes, "projection.encoder.0.bias": [99] };
    assertRefused(
      () => loadState(path, wider, WHAT),
      'tensor "weight projection.encoder.0.bias" of shape [99], found Float32Array [40]',
    );
    const { "second embedding": _, ...tensors } =
      readSafetensors(path, WHAT).tensors;
    writeSafetensors(path, tensors, { position: JSON.stringify(position) });
    assertRefused(
      () => loadState(path, shapes, WHAT),
      'tensor "second embedding" of shape [51,16], found none',
    );
  }));

Deno.test("the average of weights is their mean, summed in double precision", () => {
  const set = (...values: number[]) => ({
    a: Float32Array.of(...values),
    b: Float32Array.of(-values[0]),
  });
  assertEquals(
    averageWeights([set(1, 10), set(2, 20), set(6, 60)]),
    set(3, 30),
  );
  // In single precision the two small ones would be lost beside the large one.
  assertEquals(
    averageWeights([set(2 ** 25), set(1), set(1), set(-(2 ** 25))]),
    set(0.5),
  );
  const one = set(0.1, 0.2);
  assertEquals(averageWeights([one]), one);
});

Deno.test("interpolated weights lie between two sets of them, at the share of the first", () => {
  const [a, b] = [1, 2].map((seed) => initialWeights(modelShapes, seed));
  const quarter = interpolatedWeights(a, b, 0.25);
  assertEquals(Object.keys(quarter), Object.keys(a));
  const [name] = Object.keys(a);
  assertEquals(
    quarter[name],
    a[name].map((value, i) => 0.25 * value + 0.75 * b[name][i]),
  );
  assert(quarter[name].some((value, i) => value !== a[name][i]));
});
