/** The engines that a user could take instead, each with the same graph: DVC, Snakemake, Ninja. */
import { join } from "@std/path";
import { readIfThere, removeIfThere } from "../../engine/files/atomic.ts";
import { type Command, mustRun, versionOf } from "./command.ts";

/** For each node the nodes that it needs, all of them before it. */
export type Dag = readonly (readonly number[])[];

/** Node `i` writes the number `first + i`; those that need nothing write `bytes` zeros behind it. */
export interface Numbers {
  readonly dag: Dag;
  readonly first: number;
  readonly bytes: number;
}

export interface Peer {
  readonly name: string;
  /** Null where it is not installed. */
  readonly version: string | null;
  readonly howToGet: string;
  /** What it says where there is nothing to do. */
  readonly idle: RegExp;
  /** Writes its file of the graph. */
  write(folder: string, numbers: Numbers): void;
  /** Brings all nodes up to date; also what is measured. */
  run(folder: string): Command;
  /** The same as fast as it can, where that is not measured. */
  make(folder: string): Command;
}

const SECONDS_TO_MAKE = 600;

/**
 * Brings a graph up to date in a folder, unless that was done before; returns the number of nodes. Where all
 * take too long, it makes fewer: the first quarter of them, which need no others, and so on.
 */
export async function makeAll(
  peer: Peer,
  folder: string,
  numbers: Numbers,
): Promise<number> {
  const mark = `${folder}.json`;
  const wanted = JSON.stringify([peer.version, numbers]);
  const known: { wanted?: string; nodes?: number } = JSON.parse(
    readIfThere(mark) ?? "{}",
  );
  if (known.wanted === wanted) return known.nodes ?? 0;
  let nodes = numbers.dag.length;
  while (nodes > 0) {
    removeIfThere(mark);
    removeIfThere(folder);
    const part = { ...numbers, dag: numbers.dag.slice(0, nodes) };
    if (await makeInTime(peer, folder, part)) break;
    nodes = Math.floor(nodes / 4);
  }
  Deno.writeTextFileSync(mark, JSON.stringify({ wanted, nodes }));
  return nodes;
}

async function makeInTime(
  peer: Peer,
  cwd: string,
  numbers: Numbers,
): Promise<boolean> {
  peer.write(cwd, numbers);
  const signal = AbortSignal.timeout(SECONDS_TO_MAKE * 1000);
  try {
    await mustRun(peer.make(cwd), signal);
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}

export async function findPeers(): Promise<Peer[]> {
  const cache = Deno.env.get("XDG_CACHE_HOME") ??
    join(Deno.env.get("HOME") ?? ".", ".cache");
  const bin = join(
    Deno.env.get("CKD_BENCH_ENGINES") ?? join(cache, "ckd-bench-engine"),
    "bin",
  );
  const version = async (program: string) =>
    await versionOf({ program, args: ["--version"] }) ?? null;
  const [dvc, snakemake] = [join(bin, "dvc"), join(bin, "snakemake")];
  return [
    {
      name: "DVC",
      version: await version(dvc),
      howToGet: "bench/engine/setup",
      idle: /Data and pipelines are up to date/,
      write: (folder, numbers) => {
        const list = (key: string, paths: readonly string[]) =>
          paths.length === 0
            ? ""
            : `    ${key}:\n${paths.map((path) => `    - ${path}\n`).join("")}`;
        const stages = numbers.dag.map((needs, i) =>
          `  n${i}:\n    cmd: ${shell(numbers, i)}\n` +
          list("deps", needs.map(out)) + list("outs", [out(i)])
        );
        const script = numbers.dag.map((_, i) => shell(numbers, i));
        // For `commit`, which records outputs that are there: a run of a thousand stages takes ten minutes.
        write(folder, "make.sh", script.join("\n") + "\n");
        write(folder, "dvc.yaml", `stages:\n${stages.join("")}`);
        write(
          folder,
          ".dvc/config",
          "[core]\n    no_scm = True\n    analytics = false\n    check_update = false\n",
        );
      },
      run: (cwd) => ({ program: dvc, args: ["repro"], cwd }),
      make: (cwd) => ({
        program: "sh",
        args: ["-c", 'sh make.sh && exec "$0" commit --force', dvc],
        cwd,
      }),
    },
    {
      name: "Snakemake",
      version: await version(snakemake),
      howToGet: "bench/engine/setup",
      idle: /Nothing to be done/,
      write: (folder, numbers) => {
        const nodes = numbers.dag.map((needs, i) => ({
          needs: needs.map(out),
          command: shell(numbers, i),
        }));
        write(folder, "nodes.json", JSON.stringify(nodes));
        write(folder, "Snakefile", SNAKEFILE);
      },
      run: (cwd) => ({ program: snakemake, args: ["--cores", "1"], cwd }),
      // Many at once are planned at once.
      make: (cwd) => ({ program: snakemake, args: ["--cores", "100"], cwd }),
    },
    {
      name: "ninja",
      version: await version("ninja"),
      howToGet: "apt-get install ninja-build",
      idle: /no work to do/,
      write: (folder, numbers) => {
        const builds = numbers.dag.map((needs, i) =>
          `build ${out(i)}: node ${needs.map(out).join(" ")}\n` +
          `  command = ${shell(numbers, i)}\n`
        );
        const rule = "rule node\n  command = $command\n";
        write(folder, "build.ninja", rule + builds.join(""));
      },
      run: (cwd) => ({ program: "ninja", args: ["-j", "1"], cwd }),
      make: (cwd) => ({ program: "ninja", args: [], cwd }),
    },
  ];
}

const out = (node: number) => `out/${node}`;

function shell({ dag, first, bytes }: Numbers, node: number): string {
  const number = `echo ${first + node} > ${out(node)}`;
  return bytes > 0 && dag[node].length === 0
    ? `${number} && head -c ${bytes} /dev/zero >> ${out(node)}`
    : number;
}

/** One rule, as one stage makes all nodes here; a changed command is a changed parameter, which makes a node stale. */
const SNAKEFILE = `import json

with open("nodes.json") as file:
    nodes = json.load(file)

rule all:
    input: [f"out/{node}" for node in range(len(nodes))]

rule node:
    input: lambda wildcards: nodes[int(wildcards.node)]["needs"]
    output: "out/{node}"
    params: command=lambda wildcards: nodes[int(wildcards.node)]["command"]
    shell: "{params.command}"
`;

function write(folder: string, name: string, text: string): void {
  const path = join(folder, name);
  Deno.mkdirSync(join(path, ".."), { recursive: true });
  Deno.mkdirSync(join(folder, "out"), { recursive: true });
  Deno.writeTextFileSync(path, text);
}
