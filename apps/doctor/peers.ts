/** Finds a Python with the compared libraries, and the fastest settings for each on this machine. */
import { dirname, join } from "@std/path";
import { statIfThere } from "../../base/stat.ts";

/** Variables of the environment under which a peer may be faster. */
export interface Setting {
  /** Added to the version that the peer reports. */
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface Peers {
  readonly python: string;
  /** Whether the Python has a package. */
  has(name: string): boolean;
  /** The settings of PyTorch, one at least. */
  readonly torch: readonly Setting[];
  /** What cannot be measured of PyTorch, and how to get it. */
  readonly missing?: string;
}

/** The packages that bench/setup installs and the rows measure. */
const PACKAGES = [
  "torch",
  "ctranslate2",
  "tokenizers",
  "safetensors",
  "pymarian",
];

/** Where bench/setup installs the peers, and where the bench keeps what it makes. */
export function cacheFolder(): string {
  const cache = Deno.env.get("XDG_CACHE_HOME") ??
    join(Deno.env.get("HOME") ?? ".", ".cache");
  return join(cache, "ckd-bench");
}

/** glibc keeps freed memory for the next use: PyTorch's step takes a fifth less time than where the system clears new pages. */
const KEPT = {
  GLIBC_TUNABLES: "glibc.malloc.mmap_max=0:" +
    "glibc.malloc.trim_threshold=8000000000:glibc.malloc.hugetlb=1",
};

/**
 * The Python that bench/setup made, or the one named by CKD_BENCH_PYTHON. PyTorch's matrix products come from MKL, which
 * takes its AVX-512 kernels on Intel's processors only and runs at half speed on others that have AVX-512; beside PyTorch as
 * it is installed stands PyTorch with the library that bench/setup builds, with which MKL takes them everywhere, and with
 * memory that is kept.
 */
export async function findPeers(cpu: Cpu): Promise<Peers> {
  const python = Deno.env.get("CKD_BENCH_PYTHON") ??
    join(cacheFolder(), "bin", "python");
  const found = await packagesOf(python);
  const peers = { python, has: (name: string) => found.includes(name) };
  const plain = { name: "as installed", env: {} };
  const kept = { name: "memory kept", env: KEPT };
  if (cpu.intel) return { ...peers, torch: [plain, kept] };
  const library = join(dirname(dirname(python)), "lib", "mkl_any_cpu.so");
  if (statIfThere(library)?.isFile !== true) {
    const missing = "PyTorch's fast matrix products are off on this CPU: " +
      "run bench/setup where there is a C compiler to measure them too";
    return { ...peers, torch: [plain, kept], missing };
  }
  const fast = {
    name: "MKL as on Intel, memory kept",
    env: { LD_PRELOAD: library, ...KEPT },
  };
  return { ...peers, torch: [plain, fast] };
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
  const line = text.split("\n").find((line) => line.startsWith("model name"));
  return {
    model: line?.slice(line.indexOf(":") + 1).trim() ?? Deno.build.arch,
    intel: !text.includes("AuthenticAMD"),
  };
}

async function packagesOf(python: string): Promise<string[]> {
  const code = "import importlib.util, sys; print(' '.join(name for name in " +
    "sys.argv[1:] if importlib.util.find_spec(name)))";
  try {
    const args = ["-c", code, ...PACKAGES];
    const { success, stdout } = await new Deno.Command(python, { args })
      .output();
    return success ? new TextDecoder().decode(stdout).trim().split(" ") : [];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
