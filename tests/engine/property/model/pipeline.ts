/** The graph of a world, built as in a project, and an executor that runs its stages in this process. */
import { fromFileUrl, join, relative, toFileUrl } from "@std/path";
import { z } from "zod";
import {
  type Graph,
  type Handle,
  pipeline,
} from "../../../../engine/graph/graph.ts";
import type { Executor } from "../../../../engine/executors/executor.ts";
import {
  type Json,
  type Output,
  type Stage,
  stage,
} from "../../../../engine/graph/stage.ts";
import { perform } from "../../../../engine/executors/stage_process.ts";
import {
  type Content,
  digestOf,
  makeBy,
  mapValues,
  type Material,
} from "../check/made.ts";
import { statOf } from "./site.ts";
import { type Apply, applyOf } from "./module.ts";
import type { Happen, Moment } from "../play/moments.ts";
import {
  type Config,
  DEFAULTS,
  type NodeSpec,
  shapeOf,
  stagePath,
  stagesOf,
  type World,
} from "./world.ts";

/** Called as the engine reads a node's data files: before and after their hashing. */
export interface Meanwhile {
  reading(paths: readonly string[]): void;
  read(): void;
}

const ConfigSchema = z.strictObject({
  level: z.int(),
  shout: z.boolean().default(DEFAULTS.shout),
  note: z.string().default(DEFAULTS.note),
  reads: z.array(z.string()).default([...DEFAULTS.reads]),
});

const Experiment = z.strictObject({
  nodes: z.array(z.strictObject({
    stage: z.string(),
    prefix: z.string().optional(),
    name: z.string().optional(),
    config: ConfigSchema,
    seed: z.int().optional(),
    inputs: z.record(z.string(), z.string()),
  })),
});

/** The experiment that asks for a world's nodes. */
export function experimentOf(root: string, world: World): Json {
  return {
    nodes: world.nodes.map((node) => ({
      stage: node.stage,
      ...node.prefix === undefined ? {} : { prefix: node.prefix },
      ...node.name === undefined ? {} : { name: node.name },
      inputs: node.inputs,
      config: configOf(root, node),
      ...node.seed === 0 && !node.verbose ? {} : { seed: node.seed },
    })),
  };
}

function configOf(root: string, { config, verbose }: NodeSpec): Json {
  const { level, shout, note } = config;
  const reads = config.reads.map((path) => join(root, path));
  if (verbose) return { reads, note, level, shout };
  return {
    level,
    ...shout === DEFAULTS.shout ? {} : { shout },
    ...note === DEFAULTS.note ? {} : { note },
    ...reads.length === 0 ? {} : { reads },
  };
}

export function graphOf(
  root: string,
  world: World,
  experiment: Json,
  meanwhile?: Meanwhile,
): Graph {
  const stages = new Map(
    stagesOf(world).map((name) =>
      [name, stageOf(root, world, name, meanwhile)] as const
    ),
  );
  return pipeline(Experiment, ({ nodes }, node) => {
    const handles = new Map<string, Handle>();
    for (const { stage: name, prefix, inputs, ...options } of nodes) {
      const stage = stages.get(name);
      if (stage === undefined) throw new Error(`There is no stage "${name}".`);
      const add = prefix === undefined ? node : node.within(prefix);
      const given = mapValues(inputs, (source) => handles.get(source));
      const handle = add(stage, { ...options, inputs: given });
      handles.set(handle.node, handle);
    }
  }).graph(experiment, "the experiment of the property test");
}

function stageOf(
  root: string,
  world: World,
  name: string,
  meanwhile: Meanwhile | undefined,
): Stage<Config> {
  const shape = shapeOf(world, name);
  const path = join(root, stagePath(name));
  const outputs: Record<string, Output> = {
    main: { path: "main.txt", mediaType: shape.mediaType },
    ...shape.extra === "none" ? {} : {
      extra: {
        path: "extra",
        mediaType: "application/octet-stream",
        folder: shape.extra === "folder",
      },
    },
  };
  const environment = shape.environment ? world.runtime : null;
  return stage({
    name,
    module: toFileUrl(path).href,
    config: ConfigSchema,
    inputs: shape.inputs,
    optional: shape.optional,
    outputs,
    resources: { cores: 1 },
    files: ({ reads }) => {
      meanwhile?.reading(reads);
      return reads;
    },
    environment: () => {
      meanwhile?.read();
      return environment;
    },
    run: async (
      { config, seed, inputs, files, outputs, work, log, progress },
    ) => {
      const process = processes.get(work);
      if (process === undefined) throw new Error(`${work} has no process.`);
      const inProject = (path: string) => relative(root, path);
      const checkpoint = join(work, "material.json");
      const material: Material = resume(checkpoint) ?? {
        config: { ...config, reads: config.reads.map(inProject) },
        seed,
        inputs: mapValues(
          inputs,
          (paths) => mapValues(paths, (path) => digestOf(read(path))),
        ),
        data: Object.fromEntries(
          config.reads.map((path) => [
            inProject(path),
            digestOf(read(files[path])),
          ]),
        ),
        environment,
      };
      Deno.writeTextFileSync(checkpoint, JSON.stringify(material));
      await process.happen("while it runs");
      const { outputs: made, metrics } = await makeBy(
        process.apply,
        material,
        shape.extra,
      );
      for (const [output, content] of Object.entries(made)) {
        write(outputs[output], content);
      }
      log(name);
      progress({ done: 1, total: 1, unit: "steps" });
      return { metrics, measurements: { now: performance.now() } };
    },
  });
}

/** What a stage's process has read of its code, by the node's own folder. */
const processes = new Map<string, {
  readonly apply: Apply;
  readonly happen: (moment: Moment) => void | Promise<void>;
}>();

/** What an earlier process of the node had read before it was ended. */
function resume(checkpoint: string): Material | undefined {
  return statOf(checkpoint) === undefined
    ? undefined
    : JSON.parse(Deno.readTextFileSync(checkpoint));
}

export function read(path: string): Content {
  if (!Deno.statSync(path).isDirectory) {
    return { kind: "file", text: Deno.readTextFileSync(path) };
  }
  const files: Record<string, string> = {};
  const walk = (prefix: string) => {
    for (const { name, isDirectory } of Deno.readDirSync(join(path, prefix))) {
      const inner = prefix + name;
      if (isDirectory) walk(`${inner}/`);
      else files[inner] = Deno.readTextFileSync(join(path, inner));
    }
  };
  walk("");
  return { kind: "folder", files };
}

function write(path: string, content: Content): void {
  if (content.kind === "file") {
    return Deno.writeTextFileSync(path, content.text);
  }
  for (const [name, text] of Object.entries(content.files)) {
    const file = join(path, name);
    Deno.mkdirSync(file.replace(/\/[^/]*$/, ""), { recursive: true });
    Deno.writeTextFileSync(file, text);
  }
}

export interface ExecutorHooks {
  /** A node's process starts. */
  start(node: string): void;
  readonly happen: Happen;
  /** Whether a process ends without a result where the user stops the run. */
  readonly isInterruptible: boolean;
}

/** The process of a stage was killed, and with it the engine. */
export class Killed extends Error {}

/** Runs stages in this process, which first reads their code as theirs would. */
export function executorHere(
  { start, happen, isInterruptible }: ExecutorHooks,
): Executor {
  const run: Executor["run"] = async (node, job, { listener, signal }) => {
    start(node.name);
    const happenHere = (moment: Moment) => happen(moment, node.name);
    try {
      await happenHere("before its code is read");
      const apply = await applyOf(fromFileUrl(node.stage.module));
      processes.set(job.work, { apply, happen: happenHere });
      await listener.ready();
      await happenHere("before it reads");
      const { metrics = {}, measurements = {} } = await perform(
        node.stage,
        job,
        (message) => {
          if (message.type === "log") listener.log(message.line);
          if (message.type === "progress") listener.progress(message.progress);
        },
      );
      await happenHere("before its outputs are stored");
      if (isInterruptible && signal?.aborted) {
        return { outcome: { kind: "interrupted" } };
      }
      return { outcome: { kind: "done", metrics, measurements } };
    } catch (error) {
      if (error instanceof Killed || !(error instanceof Error)) throw error;
      const { name, message } = error;
      return { outcome: { kind: "error", name, message } };
    } finally {
      processes.delete(job.work);
    }
  };
  return { check: () => Promise.resolve(), run };
}
