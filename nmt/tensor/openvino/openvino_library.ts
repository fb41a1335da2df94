/** OpenVINO's C interface: the library in the folder that tools/openvino/fetch fills, and its functions by FFI. */
import { isAbsolute, join } from "@std/path";
import { inputError } from "../../../base/input_error.ts";
import { isFile } from "../../../base/stat.ts";
import { libraryFolder } from "../library_folder.ts";

/**
 * Addresses are numbers here and not Deno's pointers, which take the permission to load any library. A structure of two
 * words is passed as the two of them, and what a function takes any number of as those that are given, as the calling
 * convention of Linux on x86-64 has it. The last two are the C library's, which OpenVINO brings along.
 */
const SYMBOLS = {
  ov_get_openvino_version: { parameters: ["buffer"], result: "i32" },
  ov_version_free: { parameters: ["buffer"], result: "void" },
  ov_get_last_err_msg: { parameters: [], result: "usize" },
  ov_core_create: { parameters: ["buffer"], result: "i32" },
  ov_core_get_property: {
    parameters: ["usize", "buffer", "buffer", "buffer"],
    result: "i32",
  },
  ov_core_set_property: {
    parameters: ["usize", "buffer", "buffer", "buffer"],
    result: "i32",
  },
  ov_core_read_model_from_memory_buffer: {
    parameters: ["usize", "buffer", "usize", "usize", "buffer"],
    result: "i32",
  },
  ov_core_compile_model: {
    parameters: ["usize", "usize", "buffer", "usize", "buffer"],
    result: "i32",
  },
  ov_model_free: { parameters: ["usize"], result: "void" },
  ov_compiled_model_create_infer_request: {
    parameters: ["usize", "buffer"],
    result: "i32",
  },
  ov_compiled_model_input_by_name: {
    parameters: ["usize", "buffer", "buffer"],
    result: "i32",
  },
  ov_compiled_model_free: { parameters: ["usize"], result: "void" },
  ov_infer_request_set_tensor: {
    parameters: ["usize", "buffer", "usize"],
    result: "i32",
  },
  ov_infer_request_infer: {
    parameters: ["usize"],
    result: "i32",
    nonblocking: true,
  },
  ov_infer_request_free: { parameters: ["usize"], result: "void" },
  ov_tensor_create_from_host_ptr: {
    parameters: ["u32", "i64", "buffer", "buffer", "buffer"],
    result: "i32",
  },
  ov_output_const_port_free: { parameters: ["usize"], result: "void" },
  ov_free: { parameters: ["usize"], result: "void" },
  ov_tensor_free: { parameters: ["usize"], result: "void" },
  strlen: { parameters: ["usize"], result: "usize" },
  memcpy: { parameters: ["buffer", "usize", "usize"], result: "usize" },
} as const satisfies Deno.ForeignLibraryInterface;

/** The functions, as `symbols` of the open library. */
export type Functions = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** The name that the C library of a version has on Linux: version 2026.4.1 is libopenvino_c.so.2641. */
const fileOf = (version: string) =>
  `libopenvino_c.so.${version.slice(2).replaceAll(".", "")}`;

/** OpenVINO, opened and started. */
export interface Opened {
  readonly functions: Functions;
  readonly core: bigint;
}

let opened: (Opened & { readonly path: string }) | undefined;

/** Opens the library of a version, once a process; an input error says what is missing and how to get it. */
export function openLibrary(
  version: string,
  folder = libraryFolder("openvino"),
): Opened {
  const what = "Cannot use runtime openvino on cpu";
  if (folder === undefined) {
    throw inputError(
      `${what}: expected HOME, XDG_CACHE_HOME or CKD_OPENVINO to tell where its library is, found none of them; set one.`,
    );
  }
  if (!isAbsolute(folder)) {
    throw inputError(
      `${what}: expected an absolute path as CKD_OPENVINO, found "${folder}", which stages may not read; write it in full.`,
    );
  }
  const path = join(folder, fileOf(version));
  if (opened?.path === path) return opened;
  const fail = (found: string) =>
    inputError(
      `${what}: expected OpenVINO ${version} as "${path}", found ${found}; run tools/openvino/fetch.`,
    );
  if (!isFile(path)) throw fail("no such file");
  const functions = load(path, fail);
  const found = versionOf(functions);
  if (!found.startsWith(version)) throw fail(`version ${found}`);
  const core = made(
    functions,
    "start",
    (place) => functions.ov_core_create(place),
  );
  opened = { path, functions, core };
  return opened;
}

function load(path: string, fail: (found: string) => Error): Functions {
  try {
    return Deno.dlopen(path, SYMBOLS).symbols;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw fail(`a library that does not load (${reason.split("\n")[0]})`);
  }
}

function versionOf(functions: Functions): string {
  const words = new BigUint64Array(2); // The addresses of version and description.
  check(
    functions,
    "tell its version",
    functions.ov_get_openvino_version(words),
  );
  const version = textAt(functions, words[0]);
  functions.ov_version_free(words);
  return version;
}

/** Text as C takes it. */
export const cString = (text: string): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode(`${text}\0`);

/** The text at an address. */
function textAt(functions: Functions, address: bigint): string {
  const length = functions.strlen(address);
  const bytes = new Uint8Array(Number(length));
  functions.memcpy(bytes, address, length);
  return new TextDecoder().decode(bytes);
}

/** The text at an address, of which OpenVINO made a copy for the caller, who frees it. */
function takenText(functions: Functions, address: bigint): string {
  const text = textAt(functions, address);
  functions.ov_free(address);
  return text;
}

/** Calls that fill in an address: what they fill in. */
export function made(
  functions: Functions,
  what: string,
  call: (place: BigUint64Array<ArrayBuffer>) => number,
): bigint {
  const place = new BigUint64Array(1);
  check(functions, what, call(place));
  return place[0];
}

/** What the CPU can do, in words such as "FP32" and "BF16". */
export function capabilities(
  functions: Functions,
  core: bigint,
): readonly string[] {
  const text = made(
    functions,
    "tell what this CPU can do",
    (place) =>
      functions.ov_core_get_property(
        core,
        cString("CPU"),
        cString("OPTIMIZATION_CAPABILITIES"),
        place,
      ),
  );
  return takenText(functions, text).split(/\W+/);
}

/** The one status of which nothing is said, and the last message is about something else. */
const INVALID_ARGUMENT = -14;

/** @throws What OpenVINO says where a call fails. */
export function check(
  functions: Functions,
  what: string,
  status: number,
): void {
  if (status === 0) return;
  const message = status === INVALID_ARGUMENT
    ? 0n
    : functions.ov_get_last_err_msg();
  const text = message === 0n
    ? `status ${status}`
    : takenText(functions, message);
  throw new Error(`OpenVINO cannot ${what}: ${text.trim()}`);
}
