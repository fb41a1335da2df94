/** Finds the PyTorch that the product is measured beside, in each setting in which it may be fastest. */
import { dirname, join } from "@std/path";

export interface Peer {
  /** Added to the version that it reports. */
  readonly setting: string;
  readonly python: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface Peers {
  readonly peers: readonly Peer[];
  /** What cannot be measured, and how to get it. */
  readonly missing?: string;
}

/**
 * The Python that bench/setup made, or the one named by CKD_BENCH_PYTHON. PyTorch's matrix products come from MKL, which
 * takes its AVX-512 kernels on Intel's processors only and runs at half speed on others that have AVX-512; beside PyTorch as
 * it is installed stands PyTorch with the library that bench/setup builds to tell MKL otherwise.
 */
export async function findPeers(cpu: Cpu): Promise<Peers> {
  const cache = Deno.env.get("XDG_CACHE_HOME") ??
    join(Deno.env.get("HOME") ?? ".", ".cache");
  const python = Deno.env.get("CKD_BENCH_PYTHON") ??
    join(cache, "ckd-bench", "bin", "python");
  if (!await hasTorch(python)) {
    const missing = `"${python}" has no PyTorch: run bench/setup, ` +
      "or name a Python that has it by CKD_BENCH_PYTHON";
    return { peers: [], missing };
  }
  const plain = { setting: "as installed", python, env: {} };
  if (cpu.intel) return { peers: [plain] };
  const library = join(dirname(dirname(python)), "lib", "mkl_any_cpu.so");
  if (!await isFile(library)) {
    const missing = "PyTorch's fast matrix products are off on this CPU: " +
      "run bench/setup where there is a C compiler to measure them too";
    return { peers: [plain], missing };
  }
  const env = { LD_PRELOAD: library };
  return {
    peers: [plain, { setting: "MKL as on Intel", python, env }],
  };
}

export interface Cpu {
  readonly model: string;
  readonly intel: boolean;
}

export async function readCpu(): Promise<Cpu> {
  if (Deno.build.os !== "linux") {
    return { model: Deno.build.arch, intel: true };
  }
  const text = await Deno.readTextFile("/proc/cpuinfo");
  return {
    model: /^model name\s*:\s*(.*)$/m.exec(text)?.[1] ?? Deno.build.arch,
    intel: !text.includes("AuthenticAMD"),
  };
}

async function hasTorch(python: string): Promise<boolean> {
  try {
    const args = ["-c", "import torch"];
    return (await new Deno.Command(python, { args }).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
