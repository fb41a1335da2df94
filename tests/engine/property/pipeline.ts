/** The graph of a world, built as in a project, and an executor that runs its stages in this process. */
import {
  dirname,
  fromFileUrl,
  join,
  relative,
  resolve,
  toFileUrl,
} from "@std/path";
import { z } from "zod";
import type { Executor } from "../../../engine/executors/executor.ts";
import { perform } from "../../../engine/executors/stage_process.ts";
import {
  type Graph,
  type Handle,
  pipeline,
} from "../../../engine/graph/graph.ts";
import {
  type Json,
  type Output,
  type Stage,
  stage,
} from "../../../engine/graph/stage.ts";
import { jsonAt, read, statOf } from "./disk.ts";
import {
  contentName,
  type Does,
  make,
  mapValues,
  type Material,
  packageValue,
} from "./expected.ts";
import { shapeOf, stagePath, stagesOf, type World } from "./world.ts";

/** In the order in which a node comes to them; the first one comes before the nodes. */
export const MOMENTS = [
  "while the run waits for its lock",
  "before its data are hashed",
  "after its data are hashed",
  "before a node starts",
  "while its data are copied",
  "before its code is read",
  "before it reads",
  "while it runs",
  "before its outputs are stored",
  "after it ended",
] as const;
export type Moment = typeof MOMENTS[number];

/** The moments at which a stage's process is alive. */
export const ALIVE = MOMENTS.slice(5, 9);

/** Called at each moment, for a node or a stage; while a process of the node is alive, it waits for the promise. */
export type Happen = (moment: Moment, node: string) => void | Promise<void>;

const ConfigSchema = z.strictObject({
  level: z.int(),
  note: z.string().default(""),
  reads: z.array(z.string()).default([]),
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
export function experimentOf(root: string, { nodes }: World): Json {
  return {
    nodes: nodes.map(({ stage, prefix, name, config, verbose, ...node }) => {
      const { level, note } = config;
      const reads = config.reads.map((path) => join(root, path));
      return {
        stage,
        ...prefix === undefined ? {} : { prefix },
        ...name === undefined ? {} : { name },
        inputs: node.inputs,
        config: verbose ? { reads, note, level } : {
          level,
          ...note === "" ? {} : { note },
          ...reads.length === 0 ? {} : { reads },
        },
        ...node.seed === 0 && !verbose ? {} : { seed: node.seed },
      };
    }),
  };
}

export function graphOf(root: string, world: World, happen: Happen): Graph {
  const stages = new Map(
    stagesOf(world).map((name) =>
      [name, stageOf(root, world, name, happen)] as const
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
  }).graph(experimentOf(root, world), "the experiment of the property test");
}

function stageOf(
  root: string,
  world: World,
  name: string,
  happen: Happen,
): Stage<z.infer<typeof ConfigSchema>> {
  const { extra, grain, mediaType, inputs, environment } = shapeOf(world, name);
  const outputs: Record<string, Output> = {
    main: { path: "main.txt", mediaType },
    extra: { path: "extra", mediaType, folder: extra === "folder" },
  };
  const runtime = environment ? world.runtime : null;
  return stage({
    name,
    module: toFileUrl(join(root, stagePath(name))).href,
    config: ConfigSchema,
    inputs,
    optional: Object.keys(inputs),
    outputs,
    resources: { cores: 1 },
    files: ({ reads }) => {
      happen("before its data are hashed", name);
      return reads;
    },
    environment: () => {
      happen("after its data are hashed", name);
      return runtime;
    },
    run: async (
      { config, seed, inputs, files, outputs, work, log, progress },
    ) => {
      const process = processes.get(work);
      if (process === undefined) throw new Error(`${work} has no process.`);
      const contentAt = (path: string) => contentName(read(path));
      const checkpoint = join(work, "material.json");
      // An earlier process of the node may have read it, and ended.
      const material = jsonAt<Material>(checkpoint) ?? {
        config,
        seed,
        inputs: mapValues(inputs, (paths) => mapValues(paths ?? {}, contentAt)),
        files: mapValues(files, contentAt),
        environment: runtime,
      };
      Deno.writeTextFileSync(checkpoint, JSON.stringify(material));
      await process.happen("while it runs");
      const does: Does = { value: await process.value(), grain, extra };
      const made = make(does, material);
      for (const [output, content] of Object.entries(made.outputs)) {
        const path = outputs[output];
        const files = typeof content === "string"
          ? [[path, content]]
          : Object.entries(content).map(([file, text]) => [
            join(path, file),
            text,
          ]);
        for (const [file, text] of files) {
          Deno.mkdirSync(dirname(file), { recursive: true });
          Deno.writeTextFileSync(file, text);
        }
      }
      log(name);
      progress({ done: 1, total: 1, unit: "steps" });
      return { metrics: made.metrics, measurements: { now: Date.now() } };
    },
  });
}

type Value = () => Promise<string>;

/** What a stage's process has read of its code, by the node's own folder. */
const processes = new Map<string, {
  readonly value: Value;
  readonly happen: (moment: Moment) => void | Promise<void>;
}>();

/** The process of a stage was killed, and with it the engine. */
export class Killed extends Error {}

interface ExecutorHooks {
  /** A node's process starts. */
  start(node: string): void;
  readonly happen: Happen;
  /** Whether a process ends without a result where the user stops the run. */
  readonly isInterruptible: boolean;
}

/** Runs stages in this process, which first reads their code as theirs would. */
export function executorHere(
  { start, happen, isInterruptible }: ExecutorHooks,
): Executor {
  const run: Executor["run"] = async (node, job, { listener, signal }) => {
    start(node.name);
    const happenHere = (moment: Moment) => happen(moment, node.name);
    try {
      await happenHere("before its code is read");
      const value = await valueOnDisk(fromFileUrl(node.stage.module));
      processes.set(job.work, { value, happen: happenHere });
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

const urls = new Map<string, string>();
const modules = new Map<string, Promise<{ readonly value: Value }>>();

/** The function of a stage's module as it lies there now: Deno caches a module by its URL, so each text has its own. */
async function valueOnDisk(path: string): Promise<Value> {
  const url = urlOf(path);
  const module = modules.get(url) ?? import(url);
  modules.set(url, module);
  return (await module).value;
}

const SPECIFIER = /((?:from|import)\s*\(?\s*)(["'])([^"']+)\2/g;

function urlOf(path: string, trail: readonly string[] = []): string {
  const text = Deno.readTextFileSync(path);
  if (path.endsWith(".json")) return urlOfText(text, "application/json");
  const linked = text.replace(SPECIFIER, (whole, before, quote, specifier) => {
    const target = mapped(path, specifier);
    // A comment may name a module that is not there, or its own.
    const isAbsent = statOf(target) === undefined || trail.includes(target);
    const url = target.startsWith("npm:")
      ? packageUrl(rootOf(path), target)
      : isAbsent
      ? undefined
      : urlOf(target, [...trail, path]);
    return url === undefined ? whole : `${before}${quote}${url}${quote}`;
  }).replaceAll("import.meta.url", JSON.stringify(toFileUrl(path).href));
  return urlOfText(linked, "application/typescript");
}

function rootOf(module: string): string {
  return join(dirname(module), "..");
}

/** What a specifier stands for by the import map as it lies there: a path, or a package with its request and file. */
function mapped(from: string, specifier: string): string {
  if (specifier.startsWith("npm:")) return specifier;
  const root = rootOf(from);
  const { imports }: { imports: Record<string, string> } = JSON.parse(
    Deno.readTextFileSync(join(root, "deno.json")),
  );
  const name = specifier.startsWith(".")
    ? `./${relative(root, resolve(dirname(from), specifier))}`
    : specifier;
  const target = imports[name] ??
    (name.endsWith("/deep") ? `${imports[name.slice(0, -5)]}/deep` : name);
  return target.startsWith("npm:") ? target : resolve(root, target);
}

/** The packages of the tests are not installed: what they do is worked out from the lock file. */
function packageUrl(root: string, target: string): string {
  const { specifiers }: { specifiers: Record<string, string> } = JSON.parse(
    Deno.readTextFileSync(join(root, "deno.lock")),
  );
  const [, request, name, deep] =
    /^(npm:(.[^@]*)@[^/]*)(\/deep)?$/.exec(target) ?? [];
  const version = specifiers[request];
  const value = packageValue(name, { version }, deep !== undefined);
  return urlOfText(
    `export const value = () => ${JSON.stringify(value)};`,
    "text/javascript",
  );
}

function urlOfText(text: string, type: string): string {
  const url = urls.get(text) ?? URL.createObjectURL(new Blob([text], { type }));
  urls.set(text, url);
  return url;
}
