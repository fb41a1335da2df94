/** The loss of a system in plain loops over what the model makes of a batch: the equation, written a second time. */
import { fromSlot, slots } from "../../model/inputs.ts";
import { gradientProgram, type Task, trainedShapes } from "../../model/step.ts";
import { decode, encode, maskedDropout } from "../../model/transformer.ts";
import { PAD } from "../../schemas/vocabulary.ts";
import type { HostTensor, HostTensors, Program } from "../../tensor/program.ts";
import * as plain from "./plain.ts";
import type { System } from "./systems.ts";

const SMOOTHING = 0.1;

/** What the student makes of a batch: layers and attention maps by their names, and the state that words are said from. */
function forward(task: Task): Program {
  const shapes = trainedShapes(task);
  return {
    name: "forward",
    inputs: gradientProgram(task).inputs,
    build: (inputs) => {
      const parameters = fromSlot(shapes, slots.weight, inputs);
      const dropout = maskedDropout(task.model, inputs);
      const encoded = encode(task.model, parameters, inputs.source, dropout);
      const decoded = decode(
        task.model,
        parameters,
        inputs.target,
        encoded,
        dropout,
      );
      return {
        ...Object.fromEntries([
          ...encoded.layers.map((x, j) => [`encoder.${j}`, x]),
          ...encoded.selfAttention.map((x, j) => [`encoder.${j}.self`, x]),
          ...decoded.layers.map((x, j) => [`decoder.${j}`, x]),
          ...decoded.selfAttention.map((x, j) => [`decoder.${j}.self`, x]),
          ...decoded.crossAttention.map((x, j) => [`decoder.${j}.cross`, x]),
        ]),
        output: decoded.output,
      };
    },
  };
}

const split = <T>(values: readonly T[], size: number): T[][] =>
  Array.from(
    { length: values.length / size },
    (_, i) => values.slice(i * size, (i + 1) * size),
  );
const numbers = ({ data }: HostTensor) => Array.from<number>(data);
/** The rows of the last axis. */
const rows = (tensor: HostTensor) =>
  split(numbers(tensor), tensor.shape[tensor.shape.length - 1]);

/** The parts of a system's loss that it has, by the names that a step gives them, of the inputs of its step. */
export async function plainLosses(
  { distillation, student }: System,
  task: Task,
  inputs: HostTensors,
  run: (program: Program) => Promise<HostTensors>,
): Promise<Record<string, number>> {
  const { alpha, beta, temperature, combine, project } = distillation;
  const own = await run(forward(task));
  const weightsOf = (ids: HostTensor) => {
    const real = numbers(ids).map((id) => Number(id !== PAD));
    const count = real.reduce((sum, one) => sum + one, 0);
    return real.map((one) => one / count);
  };
  const source = weightsOf(inputs.source);
  const target = weightsOf(inputs.labels);
  const embedding = rows(inputs["weight embedding"]);
  const crossEntropy = (smoothing: number) =>
    plain.crossEntropy(
      rows(own.output),
      embedding,
      numbers(inputs.labels),
      target,
      smoothing,
    );
  const softTargets = () => {
    const words = rows(inputs["teacher embedding"]);
    const logits = rows(inputs["teacher final"])
      .map((state) => words.map((word) => plain.dot(word, state)));
    return plain.softTargets(
      rows(own.output),
      embedding,
      logits,
      target,
      temperature,
    );
  };
  const layers = (side: "encoder" | "decoder") => {
    const map = distillation[side];
    const teacher = Array.from(
      { length: Math.max(...map.flat()) },
      (_, i) => {
        const state = inputs[`teacher ${side}.${i + 1}`];
        return state === undefined ? [] : rows(state);
      },
    );
    const projections = project === "none" ? [] : map.map((_, j) => ({
      weight: rows(inputs[`weight projection.${side}.${j}.weight`]),
      bias: numbers(inputs[`weight projection.${side}.${j}.bias`]),
    }));
    return plain.combinedLayers(
      map,
      map.map((_, j) => rows(own[`${side}.${j}`])),
      teacher,
      side === "encoder" ? source : target,
      project === "student" ? projections : [],
      project === "teacher" ? projections : [],
      combine,
    );
  };
  const attention = (stack: "encoder" | "decoder", kind: string) =>
    distillation.attention[stack].reduce((sum, layer, j) => {
      const teacher = inputs[`teacher ${stack}.${layer}.${kind}`];
      const [, queries] = teacher.shape;
      const maps = split(rows(own[`${stack}.${j}.${kind}`]), queries);
      return sum + plain.attentionMap(
        split(maps, student.heads),
        split(rows(teacher), queries),
        split(stack === "encoder" ? source : target, queries),
      );
    }, 0);

  const parts: Record<string, number> = { nll: crossEntropy(0) };
  if (alpha > 0) parts.softTargets = softTargets();
  const mapped = (["encoder", "decoder"] as const)
    .filter((side) => distillation[side].length > 0);
  if (beta > 0 && mapped.length > 0) {
    parts.layers = mapped.map(layers).reduce((sum, part) => sum + part);
  }
  const chosen = distillation.attention;
  if (beta > 0 && chosen.encoder.length + chosen.decoder.length > 0) {
    parts.attention = attention("encoder", "self") +
      attention("decoder", "self") + attention("decoder", "cross");
  }
  const { softTargets: soft = 0, layers: states = 0, attention: maps = 0 } =
    parts;
  parts.loss = alpha * soft + (1 - alpha - beta) * crossEntropy(SMOOTHING) +
    beta * (states + maps);
  return parts;
}
