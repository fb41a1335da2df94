/** Submits the stale nodes of an experiment as jobs, and says which. */
import { inputError, parse } from "../../base/input_error.ts";
import { type QueueName, QUEUES } from "../../engine/executors/executors.ts";
import type { Graph } from "../../engine/graph/graph.ts";
import { nodesNamed, type Selection } from "../../engine/graph/selection.ts";
import { countStates } from "../../engine/run/node_record.ts";
import type { RemoteCache } from "../../engine/run/runner.ts";
import { submit } from "../../engine/run/submit.ts";
import { Slurm } from "../../schemas/experiment/slurm.ts";
import type { Console } from "../console/console.ts";
import { toJson } from "../console/node_reports.ts";
import { table } from "../console/table.ts";
import { EXIT } from "../exit.ts";
import { artifactFolder, type OpenExperiment } from "../experiment.ts";
import { list, option } from "../options.ts";

/** What a job runs. */
const ENTRY = "cli/jobs/job.ts";

/** The options of a command that submits jobs. */
export const onSlurm = {
  slurm: list(
    "<option=value>",
    "an option of sbatch for all jobs, such as time=2:00:00; may be repeated",
  ),
  slurmPartition: option("<name>", "the partition of all jobs"),
  slurmAccount: option("<name>", "the account of all jobs"),
};

interface Values extends Selection {
  readonly artifacts?: string;
  readonly force: boolean;
  readonly paranoid: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly sandbox: boolean;
  readonly remote: readonly string[];
  readonly signedBy: readonly string[];
  readonly unsigned: boolean;
  readonly slurm: readonly string[];
  readonly slurmPartition?: string;
  readonly slurmAccount?: string;
}

/** Returns the exit code. */
export async function submitRun(
  console: Console,
  queue: QueueName,
  experiment: OpenExperiment,
  values: Values,
  remoteCache: RemoteCache | undefined,
): Promise<number> {
  const given = { "*": givenOptions(values) };
  const options = parse(Slurm, given, "--slurm")["*"];
  const { name, path, value, set, graph, slurm } = experiment;
  const { remote, signedBy, unsigned } = values;
  const asked = Object.entries(slurm).map(([glob, options]) => ({
    ...{ glob, options },
    nodes: nodesMeant(graph, glob),
  }));
  const unknown = asked.find(({ nodes }) => nodes.size === 0);
  if (unknown !== undefined) {
    throw inputError(
      `Cannot use "slurm" of experiment "${name}": "${unknown.glob}" matches no node; name nodes as "student:*", or all by "*".`,
    );
  }
  await QUEUES[queue].check();
  const nodes = await submit(graph, {
    ...{ selection: values, force: values.force, paranoid: values.paranoid },
    artifacts: artifactFolder(values.artifacts),
    experiment: { name, path, value, set },
    queue,
    executor: values.sandbox ? "sandbox" : "local",
    remote: { addresses: remote, signedBy, unsigned },
    remoteCache,
    // Of all names and globs that match a node, later ones win.
    optionsOf: (node) =>
      Object.assign(
        {},
        ...asked.filter(({ nodes }) => nodes.has(node))
          .map(({ options }) => options),
        options,
      ),
    entry: ENTRY,
    notice: (line) => console.err(line + "\n"),
  });
  if (values.json) {
    console.out(JSON.stringify(toJson(nodes)) + "\n");
    return EXIT.done;
  }
  const rows = nodes.flatMap(({ name, state, job }) =>
    job === undefined ? [] : [[name, state, job]]
  );
  if (rows.length > 0 && !values.quiet) {
    console.out(table([["node", "state", "job"], ...rows]) + "\n");
  }
  console.out(`${countStates(nodes)}, experiment "${name}".\n`);
  return EXIT.done;
}

/** "*" means nodes of all language pairs, too. */
function nodesMeant(graph: Graph, glob: string): ReadonlySet<string> {
  return new Set(glob === "*" ? graph.keys() : nodesNamed(graph, glob));
}

function givenOptions(
  { slurm, slurmPartition, slurmAccount }: Values,
): Record<string, string | true> {
  return {
    ...slurmPartition === undefined ? {} : { partition: slurmPartition },
    ...slurmAccount === undefined ? {} : { account: slurmAccount },
    ...Object.fromEntries(slurm.map((text) => {
      const at = text.indexOf("=");
      return at < 0
        ? [text, true as const]
        : [text.slice(0, at), text.slice(at + 1)];
    })),
  };
}
