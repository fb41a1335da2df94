/** Checks what this machine can use by trying it, and says how to get what is missing. */
import { format as bytes } from "@std/fmt/bytes";
import { existing, freeBytes } from "../../base/disk_space.ts";
import type { Finding } from "./finding.ts";
import { locksFinding } from "./locks.ts";
import { findPeers, readCpu } from "./peers.ts";
import type { Executor } from "../../engine/executors/executor.ts";
import { EXECUTORS, QUEUES } from "../../engine/executors/executors.ts";
import { commandInFolder } from "../../engine/store/command_to_run.ts";
import { isInputError } from "../../base/input_error.ts";
import { PROVIDERS, Runtime } from "../../schemas/experiment/runtime.ts";
import { identityOf } from "../../nmt/tensor/identities.ts";
import { probe } from "../../nmt/tensor/probe.ts";

export interface Examination {
  /** Whether the default runtime works: nothing else is needed unless it is asked for. */
  readonly ready: boolean;
  readonly findings: readonly Finding[];
}

/** Less is too little for the states of a teacher on a real corpus. */
const LEAST_DISK = 5e9;

/** Looks at everything at once; `artifacts` is the folder whose disk is meant. */
export async function examine(artifacts: string): Promise<Examination> {
  const standard = Runtime.parse({});
  const runtimes = Object.entries(PROVIDERS).flatMap(([name, providers]) =>
    providers.map((provider) => Runtime.parse({ name, provider }))
  );
  const findings = await Promise.all([
    ...runtimes.map(runtimeFinding),
    executorFinding("--sandbox", EXECUTORS.sandbox, "bubblewrap"),
    machineFinding(),
    diskFinding(artifacts),
    locksFinding(artifacts),
    executorFinding("Slurm", QUEUES.slurm, "its controller answers"),
    benchFinding(),
  ]);
  const isStandard = ({ name, provider }: Runtime) =>
    name === standard.name && provider === standard.provider;
  return { ready: findings[runtimes.findIndex(isStandard)].usable, findings };
}

/** One line a finding, then what they come to. `fit` fits a text into a terminal, with an indent of what goes on. */
export function findings(
  { ready, findings }: Examination,
  fit: (text: string, indent: number) => string = (text) => text,
): string {
  const width = Math.max(...findings.map(({ name }) => name.length));
  const lines = findings.map(({ name, usable, detail }) =>
    fit(
      `${usable ? "yes" : "no "}  ${name.padEnd(width)}  ${detail}`,
      width + 7,
    )
  );
  const missing = findings.filter(({ usable }) => !usable).length;
  const summary = ready
    ? `The default runtime works.${
      missing === 0
        ? ""
        : ` What is missing (${missing} of ${findings.length}) is needed only where it is asked for.`
    }`
    : "The default runtime does not work: no model can be trained or used here.";
  return [...lines, "", fit(summary, 0)].join("\n");
}

async function runtimeFinding(runtime: Runtime): Promise<Finding> {
  const name = `${runtime.name} on ${runtime.provider}`;
  const missing = await probe(runtime);
  return missing === undefined
    ? {
      name,
      usable: true,
      detail: `works, version ${identityOf(runtime).version}`,
    }
    : { name, usable: false, detail: bare(missing) };
}

/** A sentence without "Cannot use ...:", which the name of its finding says already. */
const bare = (sentence: string) => sentence.replace(/^Cannot use [^:]*: /, "");

/** Whether stages can run where an executor runs them. */
async function executorFinding(
  name: string,
  { check }: Pick<Executor, "check">,
  works: string,
): Promise<Finding> {
  try {
    await check();
    return { name, usable: true, detail: `works, ${works}` };
  } catch (error) {
    if (!isInputError(error)) throw error;
    return { name, usable: false, detail: bare(error.message) };
  }
}

function machineFinding(): Finding {
  const { total, available } = Deno.systemMemoryInfo();
  return {
    name: "machine",
    usable: true,
    detail: `${navigator.hardwareConcurrency} cores, ${
      bytes(total)
    } of memory, ${bytes(available)} free`,
  };
}

/** Of the nearest folder that exists, as the artifacts' own may be yet to be made. */
export function diskFinding(
  artifacts: string,
  free = freeBytes(existing(artifacts)),
): Finding {
  const folder = existing(artifacts);
  const usable = free >= LEAST_DISK;
  const detail = `${bytes(free)} free in ${folder}`;
  return {
    name: "disk",
    usable,
    detail: usable
      ? detail
      : `${detail}, a real corpus takes ${bytes(LEAST_DISK)}; run "${
        commandInFolder(artifacts, ["gc"])
      }", or name another folder by --artifacts.`,
  };
}

async function benchFinding(): Promise<Finding> {
  const name = "bench";
  const peers = await findPeers(await readCpu());
  const missing = ["torch", "ctranslate2"].filter((peer) => !peers.has(peer));
  if (missing.length > 0) {
    return {
      name,
      usable: false,
      detail: `no ${
        missing.join(", no ")
      } in ${peers.python}; run bench/setup, or name the Python that has them by CKD_BENCH_PYTHON.`,
    };
  }
  return {
    name,
    usable: true,
    detail: `PyTorch and CTranslate2 in ${peers.python}`,
  };
}
