/** Tries a runtime in a separate process, as a native library may crash or hang. */
import { inputError, isInputError } from "../../base/input_error.ts";
import { Runtime } from "../../schemas/experiment/runtime.ts";

/** A GPU's driver compiles its first kernels meanwhile. */
const MOST_SECONDS = 60;

/** Undefined where the runtime computes a small product right here and now, else why not, in one sentence. */
export async function probe(runtime: Runtime): Promise<string | undefined> {
  const what = `Cannot use runtime ${runtime.name} on ${runtime.provider}`;
  const signal = AbortSignal.timeout(MOST_SECONDS * 1000);
  const { code, signal: ended, stdout, stderr } = await new Deno.Command(
    Deno.execPath(),
    {
      args: [
        "run",
        "--quiet",
        "--allow-all",
        import.meta.url,
        JSON.stringify(runtime),
      ],
      stdin: "null",
      signal,
    },
  ).output();
  if (signal.aborted) {
    return `${what}: it gave no result within ${MOST_SECONDS} seconds; see whether its driver works with other programs.`;
  }
  if (code === 0) return undefined;
  const message = new TextDecoder().decode(stdout).trim();
  if (message !== "") return message;
  const last = new TextDecoder().decode(stderr).trim().split("\n").at(-1);
  return `${what}: its native library ended the process (${
    ended ?? `exit code ${code}`
  }${last ? `: ${last}` : ""}).`;
}

const asked = new Map<string, Promise<string | undefined>>();

/** How to do without a runtime other than ONNX Runtime. */
const OR_BY_ONNX =
  `, or take ONNX Runtime by --set 'runtime={"name":"onnx"}': its results have keys of their own, so that all is made anew.`;

/**
 * Fails with an input error where this machine lacks a runtime that a run needs. That of the CPU comes with the project and
 * is not tried.
 */
export async function requireRuntime(runtime: Runtime): Promise<void> {
  const isIncluded = runtime.name === "onnx" || runtime.name === "reference";
  if (isIncluded && runtime.provider === "cpu") return;
  const key = JSON.stringify(runtime);
  const answer = asked.get(key) ?? probe(runtime);
  asked.set(key, answer);
  const missing = await answer;
  if (missing === undefined) return;
  throw inputError(
    runtime.name === "onnx" ? missing : missing.replace(/\.$/, OR_BY_ONNX),
  );
}

/** Multiplies small matrices; fails where the result is wrong. */
async function tryOut(runtime: Runtime): Promise<void> {
  const { loadRuntime } = await import("./runtime.ts");
  const { tf } = await import("./tfjs.ts");
  const loaded = await loadRuntime(runtime);
  const { run, dispose } = await loaded.compile({
    name: "product",
    inputs: {
      a: { shape: ["rows", 2], dtype: "float32" },
      b: { shape: [2, 2], dtype: "float32" },
    },
    build: ({ a, b }) => ({ y: tf.relu(tf.matMul(a, b)) }),
  });
  const matrix = (...values: number[]) => ({
    shape: [values.length / 2, 2],
    data: Float32Array.from(values),
  });
  const { y } = await run({ a: matrix(1, 2, 3, 4), b: matrix(1, -1, 1, 0) });
  await dispose();
  if (y.data.join() !== "3,0,7,0") {
    throw inputError(
      `Cannot use runtime ${runtime.name} on ${runtime.provider}: expected the product 3,0,7,0, found ${y.data}.`,
    );
  }
}

if (import.meta.main) {
  try {
    await tryOut(Runtime.parse(JSON.parse(Deno.args[0])));
  } catch (error) {
    if (!isInputError(error)) throw error;
    console.log(error.message);
    Deno.exit(1);
  }
}
