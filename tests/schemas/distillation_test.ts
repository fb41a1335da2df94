/** The schema of a distillation: defaults, limits, and agreement with the two models. */
import { assertEquals } from "@std/assert";
import { mismatches } from "../../schemas/experiment/agreement.ts";
import {
  allSignals,
  Distillation,
  recordedKinds,
  Signals,
  signalsOf,
  usesStates,
  usesTeacher,
} from "../../schemas/experiment/distillation.ts";
import { canonical } from "../../engine/files/hash.ts";
import { parse } from "../../base/input_error.ts";
import { Model, StudentModel } from "../../schemas/experiment/model.ts";
import { assertInputError } from "../fixtures/input_error.ts";

type Part = Readonly<Record<string, unknown>>;

const read = (part: Part) => parse(Distillation, part, "distillation");
const both = { encoder: [3, 6], decoder: [3, 6] };

Deno.test("what is not said is a student without a teacher", () => {
  assertEquals(read({}), {
    alpha: 0,
    beta: 0,
    temperature: 1,
    encoder: [],
    decoder: [],
    combine: "concatenation",
    project: "student",
    attention: { encoder: [], decoder: [] },
    start: { encoder: [], decoder: [] },
  });
});

Deno.test("an option that is left out, or is its default, is no part of a config", () => {
  const ckd = { beta: 0.5, encoder: [[1, 2], [3]] };
  const written = {
    ...ckd,
    layerLoss: "sum",
    normalize: "combination",
    states: "recorded",
  };
  assertEquals(canonical(read(written)), canonical(read(ckd)));
  const others = {
    ...ckd,
    layerLoss: "mean",
    normalize: "layers",
    states: "streamed",
  } as const;
  assertEquals(read(others), { ...read(ckd), ...others });
  assertEquals(read(read(others)), read(others));
  assertInputError(
    () => read({ ...ckd, layerLoss: "max" }),
    '"layerLoss"',
  );
});

Deno.test("states are needed where something is weighed, the teacher also where a student starts from it", () => {
  const needs = (part: Part) => {
    const distillation = read(part);
    return [usesTeacher(distillation), usesStates(distillation)];
  };
  assertEquals(needs({}), [false, false]);
  assertEquals(needs({ encoder: [[1], [2]] }), [false, false]);
  assertEquals(needs({ start: both }), [true, false]);
  assertEquals(needs({ start: { decoder: [1] } }), [true, false]);
  assertEquals(needs({ alpha: 0.1 }), [true, true]);
  assertEquals(needs({ beta: 0.1, attention: both }), [true, true]);
});

Deno.test("each layer that a distillation weighs is read once, in order, as is its attention; the final state where soft targets are weighed", () => {
  const none = { final: false, encoder: [], decoder: [] };
  const noMaps = { encoderAttention: [], decoderAttention: [] };
  const maps = { encoder: [[1, 3], [3, 1]], decoder: [[5], [2]] };
  assertEquals(signalsOf(read({ beta: 0.5, ...maps })), {
    ...{ ...none, ...noMaps },
    ...{ encoder: [1, 3], decoder: [2, 5] },
  });
  const attention = { encoder: [6, 6], decoder: [2, 1] };
  assertEquals(signalsOf(read({ beta: 0.5, attention })), {
    ...{ ...none, encoderAttention: [6], decoderAttention: [1, 2] },
  });
  const unweighed = read({ alpha: 1, ...maps, attention });
  assertEquals(signalsOf(unweighed), { ...none, ...noMaps, final: true });
  assertEquals(recordedKinds(unweighed), ["final"]);
  assertEquals(recordedKinds(read({})), []);
  assertEquals(
    recordedKinds(read({ alpha: 0.2, beta: 0.5, ...maps, attention })),
    ["final", "encoder", "decoder", "encoderAttention", "decoderAttention"],
  );
  assertEquals(recordedKinds(read({ alpha: 1, states: "streamed" })), []);
});

Deno.test("a kind is recorded as the teacher has it, whatever of it is read", () => {
  const teacher = Model.parse({ encoderLayers: 3, decoderLayers: 2 });
  const nothing = Signals.parse({});
  assertEquals(allSignals("final", teacher), { ...nothing, final: true });
  assertEquals(allSignals("encoderAttention", teacher), {
    ...{ ...nothing, encoderAttention: [1, 2, 3] },
  });
  assertEquals(allSignals("decoder", teacher), { ...nothing, decoder: [1, 2] });
});

Deno.test("a layer twice in an entry is refused, and in two entries is not", () => {
  assertInputError(
    () => read({ encoder: [[1], [3, 2, 3]] }),
    '"encoder.1": expected each teacher layer once for a student layer, found layer 3 twice',
  );
  assertEquals(read({ encoder: [[1, 2], [2, 1]] }).encoder, [[1, 2], [2, 1]]);
});

/** What does not fit a teacher of 6 + 6 layers and a student of 2 + 2, both 512 wide unless said otherwise. */
const misfits = (part: Part, student: Part = {}) =>
  mismatches(read(part), StudentModel.parse(student), Model.parse({}))
    .map(({ path, message }) => `${path.join(".")}: ${message}`);

Deno.test("attention maps, the layers of a start and attention over all layers fit", () => {
  const layers = [1, 2, 3, 4, 5, 6];
  assertEquals(misfits({ beta: 0.5, attention: both }), []);
  assertEquals(misfits({ beta: 0.5, attention: both }, { heads: 4 }), []);
  assertEquals(misfits({ start: both }), []);
  assertEquals(misfits({ start: both }, { feedForward: 100 }), []);
  const alp = { beta: 0.5, encoder: [layers, layers], combine: "attention" };
  assertEquals(misfits({ ...alp, project: "none" }), []);
  assertEquals(misfits(alp, { width: 64 }), []);
});

const REFUSED: Readonly<
  Record<string, readonly [part: Part, expected: string, student?: Part]>
> = {
  "a weight without anything to weigh": [
    { beta: 0.5 },
    'beta: beta 0.5 weighs layers, expected an "encoder", "decoder" or "attention" map of them, found none',
  ],
  "attention maps for one of two layers": [
    { beta: 0.5, attention: { encoder: [6] } },
    "attention.encoder: expected one entry for each of the student's 2 encoder layers, found 1",
  ],
  "the attention maps of a layer that the teacher lacks": [
    { beta: 0.5, attention: { decoder: [1, 7] } },
    "attention.decoder.1: expected layers of the teacher's 6 decoder layers, found layer 7",
  ],
  "a start from a layer that the teacher lacks": [
    { start: { encoder: [9, 1] } },
    "start.encoder.0: expected layers of the teacher's 6 encoder layers, found layer 9",
  ],
  "a start of too many layers": [
    { start: { decoder: [4, 5, 6] } },
    "start.decoder: expected one entry for each of the student's 2 decoder layers, found 3",
  ],
  "a start with other heads, in whose shapes the teacher's fit": [
    { start: both },
    "start: layers are copied, expected the teacher's heads 8 in the student, found heads 4",
    { heads: 4 },
  ],
  "a start with wider blocks than the teacher's": [
    { start: both },
    "start: layers are copied, expected at most the teacher's feedForward 2048 in the student, found feedForward 4096",
    { feedForward: 4096 },
  ],
  "attention over layers that is fused on the teacher's side": [
    {
      beta: 0.5,
      encoder: [[1, 2], [3]],
      combine: "attention",
      project: "teacher",
    },
    'project: expected "student" or "none" where layers are combined by attention, which compares them with ' +
    'the student\'s, found "teacher"',
  ],
  "attention over layers of another width without a projection": [
    {
      beta: 0.5,
      encoder: [[1, 2], [3]],
      combine: "attention",
      project: "none",
    },
    "encoder.0: without a projection, expected combined teacher width 1024 (the student's), found 512; " +
    "encoder.1: without a projection, expected combined teacher width 1024 (the student's), found 512",
    { width: 1024 },
  ],
};

for (const [what, [part, expected, student]] of Object.entries(REFUSED)) {
  Deno.test(`refused: ${what}`, () =>
    assertEquals(misfits(part, student).join("; "), expected));
}
