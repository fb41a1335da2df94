/** The rows of the engine bench: what is measured, of us and of others on the same graph. */
import { join } from "@std/path";
import { type Command, mustRun, runCommand, versionOf } from "./command.ts";
import { type Dag, makeAll, type Peer } from "./peers.ts";
import {
  type Grid,
  gridProject,
  IDLE,
  type Project,
  quickProject,
  setGrid,
} from "./project.ts";

export interface Row {
  readonly row: string;
  readonly title: string;
  readonly unit: "ms" | "GiB/s";
  /** What ours has to reach, or null where nothing is set. */
  readonly bar: number | null;
  entrants(bench: Bench): Entrant[] | Promise<Entrant[]>;
}

export interface Bench {
  /** Where the projects and the peers' files lie. */
  readonly folder: string;
  /** Of a finished run of `quick`. */
  readonly artifacts: string;
  /** Those that are installed. */
  readonly peers: readonly Peer[];
}

/** Who is measured, in the unit of the row, or why not. */
export type Entrant =
  | {
    readonly name: string;
    measure(): Promise<number>;
    readonly note?: string;
  }
  | { readonly name: string; readonly missing: string };

export const OURS = "ours";
/** Without the answer that the last run kept for the same question, as after any edit. */
export const IN_FULL = "ours, in full";

/** Other programs that hash files, and the arguments that print their versions. */
export const HASHERS = [
  { program: "sha256sum", version: ["--version"], args: [] },
  { program: "openssl", version: ["version"], args: ["dgst", "-sha256"] },
];

export const BUBBLEWRAP = { program: "bwrap", version: ["--version"] };

const GIB = 2 ** 30;
const CHAIN = 20;

export const ROWS: readonly Row[] = [
  {
    row: "deno",
    title: "an empty `deno run`",
    unit: "ms",
    bar: null,
    entrants: emptyRun,
  },
  {
    row: "quick",
    title: "nothing to do, quick",
    unit: "ms",
    bar: 100,
    entrants: async (bench) => await idle(bench, "quick", await quick(bench)),
  },
  {
    row: "task",
    title: "the same by `deno task pipeline`",
    unit: "ms",
    bar: null,
    entrants: async (bench) => {
      const { task, note } = await quick(bench);
      return [{ name: OURS, measure: () => time(task(), IDLE), note }];
    },
  },
  idleRow("1k", "1,000 nodes", 300, { columns: 100, rows: 10 }),
  idleRow("10k", "10,000 nodes", 2000, { columns: 100, rows: 100 }),
  idleRow("gib", "a 1 GiB artifact", 100, { columns: 1, rows: 2, bytes: GIB }),
  {
    row: "hash",
    title: "hashing 1 GiB, a core",
    unit: "GiB/s",
    bar: 1.5,
    entrants: hashing,
  },
  {
    row: "stage",
    title: `overhead a stage, chain of ${CHAIN}`,
    unit: "ms",
    bar: 150,
    entrants: async (bench) => [
      await ownChain(bench, []),
      ...bench.peers.map((peer) => peerChain(bench, peer)),
    ],
  },
  {
    row: "sandbox",
    title: "the same with --sandbox",
    unit: "ms",
    bar: null,
    entrants: async (bench) => [await sandboxedChain(bench)],
  },
];

function emptyRun({ folder }: Bench): Entrant[] {
  const path = join(folder, "empty.ts");
  Deno.writeTextFileSync(path, "");
  const args = ["run", "--quiet", "--allow-all", path];
  const command = { program: Deno.execPath(), args };
  return [{ name: OURS, measure: () => time(command) }];
}

function quick({ artifacts, folder }: Bench): Promise<Project> {
  return quickProject(artifacts, join(folder, "tiny"));
}

function idleRow(row: string, what: string, bar: number, grid: Grid): Row {
  return {
    row,
    title: `nothing to do, ${what}`,
    unit: "ms",
    bar,
    entrants: async (bench) => {
      const project = await gridProject(join(bench.folder, row), grid);
      return await idle(bench, row, project, grid.bytes);
    },
  };
}

/** Nothing to do, for ours and, on the same graph, for the peers. */
async function idle(
  { folder, peers }: Bench,
  row: string,
  project: Project,
  bytes = 0,
): Promise<Entrant[]> {
  const { note } = project;
  const entrants: Entrant[] = [
    { name: OURS, measure: () => time(project.command(), IDLE), note },
    {
      name: IN_FULL,
      measure: async () => {
        project.forget();
        return await time(project.command(), IDLE);
      },
    },
  ];
  const dag = await project.dag();
  for (const peer of peers) {
    const { name } = peer;
    const own = join(folder, `${row}-${name}`);
    const nodes = await makeAll(peer, own, { dag, first: 0, bytes });
    entrants.push(
      nodes === 0 ? { name, missing: "not made in ten minutes" } : {
        name,
        measure: () => time(peer.run(own), peer.idle),
        note: nodes < dag.length
          ? `${nodes} nodes, as ${dag.length} were not made in ten minutes`
          : undefined,
      },
    );
  }
  return entrants;
}

/** Whole processes on one core, but for ours, which is part of a process that runs anyway. */
async function hashing({ folder }: Bench): Promise<Entrant[]> {
  const path = join(folder, "zeros");
  using file = Deno.createSync(path);
  const zeros = new Uint8Array(1 << 20);
  for (let bytes = 0; bytes < GIB; bytes += zeros.length) file.writeSync(zeros);
  const pin = await versionOf({ program: "taskset", args: ["--version"] }) ===
      undefined
    ? []
    : ["taskset", "--cpu-list", "0"];
  const command = (...line: string[]): Command => {
    const [program, ...args] = [...pin, ...line, path];
    return { program, args };
  };
  const script = join(import.meta.dirname ?? ".", "hash.ts");
  const own = command(Deno.execPath(), "run", "--quiet", "--allow-all", script);
  const entrants: Entrant[] = [{
    name: OURS,
    measure: async () => 1 / Number((await mustRun(own)).out),
  }];
  for (const { program, version, args } of HASHERS) {
    const line = command(program, ...args);
    entrants.push(
      await versionOf({ program, args: version }) === undefined
        ? { name: program, missing: "it is not installed" }
        : { name: program, measure: async () => 1000 / await time(line) },
    );
  }
  return entrants;
}

/** A run in which each stage of a chain is stale, less one with nothing to do, by the number of stages. */
async function ownChain(
  { folder }: Bench,
  options: readonly string[],
): Promise<Entrant> {
  const own = join(folder, "chain");
  const grid = { columns: 1, rows: CHAIN };
  const project = await gridProject(own, grid);
  const command = project.command("run", ...options);
  return {
    name: OURS,
    measure: async () => {
      setGrid(own, { ...grid, first: Date.now() });
      const { milliseconds, out } = await mustRun(command);
      if (!out.includes(`${CHAIN} ran`)) throw new Error(`Not all ran: ${out}`);
      return (milliseconds - await time(command, IDLE)) / CHAIN;
    },
  };
}

/** The same of a peer; its stages are lines of the shell. */
function peerChain({ folder }: Bench, peer: Peer): Entrant {
  const own = join(folder, `chain-${peer.name}`);
  const dag: Dag = Array.from(
    { length: CHAIN },
    (_, i) => i > 0 ? [i - 1] : [],
  );
  return {
    name: peer.name,
    measure: async () => {
      const first = Date.now();
      peer.write(own, { dag, first, bytes: 0 });
      const whole = await time(peer.run(own));
      const last = Deno.readTextFileSync(join(own, "out", `${CHAIN - 1}`));
      if (Number(last) !== first + CHAIN - 1) {
        throw new Error(`${peer.name} did not run all.`);
      }
      return (whole - await time(peer.run(own), peer.idle)) / CHAIN;
    },
  };
}

async function sandboxedChain(bench: Bench): Promise<Entrant> {
  const name = OURS;
  const { program, version: args } = BUBBLEWRAP;
  if (await versionOf({ program, args }) === undefined) {
    return { name, missing: "apt-get install bubblewrap" };
  }
  const sandboxed = await ownChain(bench, ["--sandbox"]);
  const project = await gridProject(join(bench.folder, "chain"), {
    columns: 1,
    rows: 1,
    first: Date.now(),
  });
  const { code, err } = await runCommand(project.command("run", "--sandbox"));
  return code === 0 ? sandboxed : { name, missing: err.trim() };
}

/** Milliseconds of a process that has to succeed, and to say that there was nothing to do where `idle` is given. */
async function time(command: Command, idle?: RegExp): Promise<number> {
  const { milliseconds, out, err } = await mustRun(command);
  if (idle !== undefined && !idle.test(out + err)) {
    const line = [command.program, ...command.args].join(" ");
    throw new Error(`"${line}" had something to do: ${out}${err}`);
  }
  return milliseconds;
}
