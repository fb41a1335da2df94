/** The names of jobs, by which anyone finds them in the queue, alone or in an array, and of what they print. */
import { join } from "@std/path";
import { z } from "zod";
import { namesIn } from "../files/atomic.ts";
import { canonical, sha256 } from "../files/hash.ts";
import { readStateJson, writeState } from "../files/state_file.ts";
import type { QueueName } from "../executors/executors.ts";
import type { Graph } from "../graph/graph.ts";
import type { Assessment } from "./plan.ts";

/** Where in the artifact folder lies what the jobs of a queue print, and which jobs the tasks of its arrays are. */
export function outputsOf(queue: QueueName): string {
  return `runs/${queue}`;
}

/** Where the queue has a job: under its own name, or as a task of an array. */
export interface Place {
  readonly name: string;
  readonly task?: number;
}

/**
 * The names of jobs by node, `NODE@HASH`. The hash is of all that is known of a node before its inputs are made, and of the
 * folder, so that equal work has equal names whoever submits it, and whatever of it is done already.
 */
export function jobNames(
  folder: string,
  graph: Graph,
  planned: ReadonlyMap<string, Assessment>,
): Map<string, string> {
  const store = Deno.realPathSync(folder);
  const names = new Map<string, string>();
  for (const { name, inputs } of graph.values()) {
    const preimage = planned.get(name)?.described.preimage;
    const sources = Object.entries(inputs)
      .map(([input, source]) => [input, names.get(source)]);
    const hash = sha256(canonical({
      ...preimage,
      store,
      inputs: Object.fromEntries(sources),
    }));
    names.set(name, `${name}@${hash.slice(0, HASH_LENGTH)}`);
  }
  return names;
}

const HASH_LENGTH = 16;

const ArrayRecord = z.object({ name: z.string(), jobs: z.array(z.string()) });

/** The name of an array, `STAGE@HASH`, of the jobs of some names; it can be found by each of them from now on. */
export function nameArray(
  folder: string,
  queue: QueueName,
  stage: string,
  jobs: readonly string[],
): string {
  const hash = sha256(canonical(jobs)).slice(0, HASH_LENGTH);
  const name = `${stage}@${hash}`;
  const record: z.infer<typeof ArrayRecord> = { name, jobs: [...jobs] };
  writeState(folder, `${outputsOf(queue)}/${hash}.json`, canonical(record));
  return name;
}

/** All places where jobs of some names may be, by name. */
export function placesOf(
  folder: string,
  queue: QueueName,
  jobs: Iterable<string>,
): Map<string, Place[]> {
  const places = new Map([...jobs].map((name) => [name, [{ name } as Place]]));
  const outputs = join(folder, outputsOf(queue));
  for (const file of namesIn(outputs)) {
    if (!file.endsWith(".json")) continue;
    const { data } = ArrayRecord.safeParse(readStateJson(join(outputs, file)));
    for (const [task, job] of data?.jobs.entries() ?? []) {
      places.get(job)?.push({ name: data?.name ?? "", task });
    }
  }
  return places;
}

/** The task that a job is of its array, by its number. */
export function taskOf(id: string): number | undefined {
  const [, task] = id.split("_");
  return task === undefined ? undefined : Number(task);
}

/** The path of what a job of a name in the queue prints. */
export function outputPath(
  folder: string,
  queue: QueueName,
  name: string,
  id: string,
): string {
  return join(folder, outputsOf(queue), `${hashOf(name)}-${id}.out`);
}

/** The same as a pattern of the queue, for so many tasks. */
export function outputPattern(
  folder: string,
  queue: QueueName,
  name: string,
  tasks: number,
): string {
  const id = tasks === 1 ? "%j" : "%A_%a";
  return outputPath(folder.replaceAll("%", "%%"), queue, name, id);
}

/** The job at one of some places that has printed last, of the files of outputs. */
export function lastPrinted(
  places: readonly Place[],
  outputs: readonly string[],
): { readonly name: string; readonly id: string } | undefined {
  const printed = places.flatMap(({ name, task }) =>
    outputs.filter((file) => file.startsWith(hashOf(name)))
      .map((file) => ({
        name,
        id: /-(\d+(?:_\d+)?)\.out$/.exec(file)?.[1] ?? "",
      }))
      .filter(({ id }) => id !== "" && taskOf(id) === task)
  );
  return printed.toSorted((a, b) => parseInt(a.id) - parseInt(b.id)).at(-1);
}

function hashOf(name: string): string {
  return name.slice(name.lastIndexOf("@") + 1);
}
