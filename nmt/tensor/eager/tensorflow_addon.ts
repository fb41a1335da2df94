/** Loads the native addon of @tensorflow/tfjs-node from the folder that it was built in, into this process's tfjs. */
import { isFile } from "../../../base/stat.ts";
import { join } from "@std/path";
import Module, { createRequire } from "node:module";
import { inputError } from "../../../base/input_error.ts";
import { libraryFolder } from "../library_folder.ts";
import { tf } from "../tfjs.ts";

export type Provider = "cpu" | "cuda";

/** What is to be loaded. */
export interface Wanted {
  readonly provider: Provider;
  /** Of the package. */
  readonly version: string;
  /** TensorFlow's own version: another one rounds otherwise. */
  readonly library: string;
}

const PACKAGES = {
  cpu: "@tensorflow/tfjs-node",
  cuda: "@tensorflow/tfjs-node-gpu",
} as const satisfies Record<Provider, string>;

interface Binding {
  readonly TF_Version: string;
  isUsingGpuDevice(): boolean;
}

interface Package {
  readonly NodeJSKernelBackend: new (
    binding: Binding,
    packageName: string,
  ) => tf.KernelBackend;
}

/**
 * The backend that computes on the provider, its kernels registered. An input error says what was found in place of
 * what is wanted, and how to get that.
 */
export function loadAddon(
  { provider, version, library }: Wanted,
  folder = libraryFolder("tensorflow"),
): tf.KernelBackend {
  if (folder === undefined) {
    throw inputError(
      `Cannot use runtime tensorflow on ${provider}: expected HOME, XDG_CACHE_HOME or CKD_TENSORFLOW to tell where its ` +
        "addon is, found none of them; set one.",
    );
  }
  const name = PACKAGES[provider];
  const build = provider === "cpu"
    ? "tools/tensorflow/build"
    : "tools/tensorflow/build --cuda";
  const fail = (
    found: string,
    remedy =
      `run ${build}, or npm install --prefix ${folder} ${name}@${version} where that reaches its downloads`,
  ) =>
    inputError(
      `Cannot use runtime tensorflow on ${provider}: expected ${name} ${version} with TensorFlow ${library} in ` +
        `${folder}, found ${found}; ${remedy}.`,
    );

  const root = join(folder, "node_modules", name);
  const description = join(root, "package.json");
  const addon = join(root, "lib", "napi-v8", "tfjs_binding.node");
  if (!isFile(description)) throw fail("no such package");
  if (!isFile(addon)) throw fail("the package without its addon");
  const require = createRequire(description);
  const installed: { readonly version: string } = require(description);
  if (installed.version !== version) throw fail(`version ${installed.version}`);

  const binding = loadBinding(require, addon, fail);
  if (binding.TF_Version !== library) {
    throw fail(
      `TensorFlow ${binding.TF_Version}`,
      `run ${build}, or take that one by runtime.library=${binding.TF_Version}`,
    );
  }
  if (binding.isUsingGpuDevice() !== (provider === "cuda")) {
    throw provider === "cuda"
      ? fail(
        "no GPU that it can use",
        "it takes an NVIDIA driver, and CUDA 12 and cuDNN 9 where LD_LIBRARY_PATH names them",
      )
      : fail("that it uses a GPU", "hide it by CUDA_VISIBLE_DEVICES=-1");
  }
  provideTfjs(require);
  require(join(root, "dist", "register_all_kernels.js"));
  const { NodeJSKernelBackend }: Package = require(
    join(root, "dist", "nodejs_kernel_backend.js"),
  );
  return new NodeJSKernelBackend(binding, name);
}

function loadBinding(
  require: NodeJS.Require,
  addon: string,
  fail: (found: string) => Error,
): Binding {
  try {
    return require(addon);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw fail(`an addon that does not load (${reason.split("\n")[0]})`);
  }
}

/** The package asks for tfjs by name: it gets the one of this process, whose tensors and tape its kernels work on. */
function provideTfjs(require: NodeJS.Require): void {
  for (const name of ["@tensorflow/tfjs", "@tensorflow/tfjs-core"]) {
    const path = require.resolve(name);
    const module = new Module(path);
    module.exports = tf;
    module.loaded = true;
    require.cache[path] = module;
  }
  // Node 23 and Deno have these no more; every kernel of the package calls them.
  const util: Record<string, unknown> = require("node:util");
  util.isNullOrUndefined ??= (value: unknown) => value == null;
  util.isArray ??= Array.isArray;
}
