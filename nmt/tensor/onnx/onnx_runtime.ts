/** The default runtime: programs are recorded as ONNX graphs and run by ONNX Runtime, on the CPU or on a GPU. */
import * as ort from "onnxruntime-node";
import { inputError } from "../../../base/input_error.ts";
import type { Runtime as Config } from "../../../schemas/experiment/runtime.ts";
import { identityOf } from "../identities.ts";
import type { Abilities } from "./graph.ts";
import { encodeModel, NO_TENSOR } from "./model_bytes.ts";
import { host, type Open, view, webgpuMemory } from "./onnx_tensors.ts";
import {
  bindSizes,
  type CompileOptions,
  type Executable,
  type HostTensor,
  inHostMemory,
  isOnHost,
  type Program,
  type Runtime,
} from "../program.ts";
import { record } from "./trace.ts";
import { tf } from "../tfjs.ts";
import { withFewBuffers } from "./webgpu.ts";

type Provider = Config["provider"];

// What it prints of a library that is missing, its error says as well.
ort.env.logLevel = "fatal";

/**
 * ONNX Runtime on a provider. Fails when the installed package is of another version than the key says; an input error
 * says what is missing where this machine has not what the provider needs.
 */
export async function onnxRuntime(provider: Provider): Promise<Runtime> {
  const identity = identityOf({ name: "onnx", provider });
  const found = ort.env.versions.node ?? ort.env.versions.common;
  if (found !== identity.version) {
    throw new Error(
      `Cannot use onnxruntime-node: expected version ${identity.version}, found ${found}; run deno install`,
    );
  }
  await tf.setBackend("cpu");
  if (provider !== "cpu") await (checks[provider] ??= check(provider));
  const memory = provider === "webgpu" ? webgpuMemory(openOnGpu) : inHostMemory;
  return {
    identity,
    compile: (program, options) => compile(provider, program, options),
    ...memory,
  };
}

/** What was checked already; its sessions stay, as the device would be set up anew for each next one. */
const checks: Partial<Record<Provider, Promise<void>>> = {};

/** Adds one to one, as ONNX Runtime looks for libraries and devices when a session is made and not before. */
async function check(provider: "webgpu" | "cuda"): Promise<void> {
  const one = { shape: [1], data: Float32Array.of(1) };
  const addition: Program = {
    name: "addition",
    inputs: { x: { shape: ["n"], dtype: "float32" } },
    build: ({ x }) => ({ y: tf.add(x, 1) }),
  };
  try {
    const executable = await compile(provider, addition);
    const { y } = await executable.run({ x: one });
    if (y.data[0] !== 2) throw new Error(`it computes 1 + 1 = ${y.data[0]}`);
  } catch (error) {
    throw inputError(
      `Cannot use runtime onnx on ${provider}: ${REMEDIES[provider]} (${
        reasonOf(error)
      }).`,
    );
  }
}

/** What a machine needs for a provider beyond the installed package. */
const REMEDIES = {
  webgpu:
    "it takes a device of Vulkan, Metal or Direct3D 12; install the driver of the GPU, or, to compute in software, mesa-vulkan-drivers and libvulkan1 on Debian",
  cuda:
    'it takes a GPU of NVIDIA with CUDA 12 and cuDNN 9 on Linux x64, and ONNX Runtime\'s libraries for them; get those with "deno install --allow-scripts=npm:onnxruntime-node@1.30.0"',
} as const;

/** The first line of an error of ONNX Runtime, without the place in its sources. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.trim().split("\n")[0].replace(/^\S+\.cc:\d+ .* was false\. /, "")
    .replace(/\.$/, "");
}

/** What ONNX Runtime can do on the CPU. */
const CPU: Abilities = { sharesMemory: true, readsTransposed: true };

async function compile(
  provider: Provider,
  program: Program,
  options: CompileOptions = {},
): Promise<Executable> {
  const recorded = record(
    program,
    options.constants,
    provider === "cpu" ? CPU : {},
  );
  const recording = provider === "webgpu" ? withFewBuffers(recorded) : recorded;
  const session = await ort.InferenceSession.create(
    encodeModel(recording, program.name, provider === "cpu"),
    sessionOptions(provider, options.threads),
  );
  const fed = recording.inputs.map((port) => port.name);
  const outputs = recording.outputs.map((port) => port.name);
  return {
    run: async (inputs, into = {}) => {
      bindSizes(program, { ...inputs, ...options.constants });
      const feeds = Object.fromEntries(
        fed.map((name) => [name, view(inputs[name])]),
      );
      const fetches = Object.fromEntries(
        outputs.map((name) => [name, name in into ? view(into[name]) : null]),
      );
      const inPlace = provider === "cpu" &&
        outputs.every((name) => name in into);
      const results = inPlace
        ? await runInPlace(session, feeds, fetches)
        : await session.run(feeds, fetches);
      const returned: Record<string, HostTensor> = {};
      for (const name of outputs) {
        const given = into[name] ?? host(results[name], name);
        if (isOnHost(given)) returned[name] = given;
      }
      return returned;
    },
    dispose: () => session.release(),
  };
}

/**
 * A run all of whose outputs have their places. The binding makes a copy of each output to give it back, wherever it was
 * written, one after the other, but gives up at one that is no tensor, before which there is none. Should it
 * learn to give that back too, the copies are made and thrown away.
 */
async function runInPlace(
  session: ort.InferenceSession,
  feeds: ort.InferenceSession.FeedsType,
  fetches: ort.InferenceSession.NullableOnnxValueMapType,
): Promise<ort.InferenceSession.OnnxValueMapType> {
  try {
    await session.run(feeds, { [NO_TENSOR]: null, ...fetches });
  } catch (error) {
    const written = error instanceof Error &&
      error.message.startsWith("Non tensor type");
    if (!written) throw error;
  }
  return {};
}

/**
 * How long threads that wait spin, on a core that another session or program may need. Beside a busy program a step then
 * takes three quarters of what it takes with the standard 1,000; alone it takes the same.
 */
const SPIN_MICROSECONDS = "5";

/**
 * The same within a run that repeats small products in float32, which comes to its end in milliseconds: a tenth faster than
 * with 5. In 8 bits it gains nothing, and beside a busy program it costs a third.
 */
export const SPIN_MICROSECONDS_IN_LOOPS = "100";

export function sessionOptions(
  provider: Provider,
  threads = navigator.hardwareConcurrency,
  spinMicroseconds = SPIN_MICROSECONDS,
): ort.InferenceSession.SessionOptions {
  return {
    executionProviders: [provider],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    // Batches vary in shape, so a plan made for one shape only holds memory for it.
    enableMemPattern: false,
    // A GPU leaves arithmetic on shapes to the CPU, of which there would be a warning for each program.
    logSeverityLevel: provider === "cpu" ? 2 : 3,
    extra: {
      session: {
        set_denormal_as_zero: "1",
        force_spinning_stop: "1",
        intra_op: { spin_duration_us: spinMicroseconds },
      },
    },
  };
}

const openOnGpu: Open = (program, outputs) =>
  ort.InferenceSession.create(encodeModel(record(program), program.name), {
    ...sessionOptions("webgpu"),
    preferredOutputLocation: outputs,
  });
