/** The key of a node, and the differences between two keys, both from one description. */
import {
  type Code,
  hashesOf,
  type Json,
  type Preimage,
} from "../../schemas/manifest.ts";
import { canonical, sha256 } from "../files/hash.ts";
import { splitId } from "./project.ts";

/** A preimage, and the code that its code hash stands for. */
export interface Described {
  readonly preimage: Preimage;
  readonly code: Code;
}

export function keyOf(preimage: Preimage): string {
  return sha256(canonical(preimage));
}

/**
 * What changed between the recorded and the present description of a node, leaf by leaf, such as
 * `config.training.beta 0.7 -> 0.5`; `module` is the project path of the stage's own module.
 */
export function changes(
  before: Described,
  after: Described,
  module: string,
): string[] {
  const isOfSchema1 = before.code.printer !== undefined;
  const [from, to] = [before.preimage, after.preimage]
    .map((each) => isOfSchema1 ? withoutSlashes(each) : each);
  return [
    ...leaves("stage", from.stage, to.stage),
    ...leaves("config", from.config, to.config),
    ...leaves("seed", from.seed, to.seed),
    ...leaves("environment", from.environment, to.environment),
    ...inputChanges(from.inputs, to.inputs),
    ...contentChanges("file ", from.files, to.files),
    ...codeChanges(before.code, after.code, module),
  ];
}

/** A preimage in the form of schema 1. */
function withoutSlashes(preimage: Preimage): Preimage {
  return {
    ...preimage,
    files: hashesOf(preimage.files),
    inputs: Object.fromEntries(
      Object.entries(preimage.inputs)
        .map(([name, each]) => [name, hashesOf(each)]),
    ),
  };
}

/** The differences between two values, leaf by leaf, such as `path.to.key 1 -> 2`. */
export function leaves(path: string, before: Json, after: Json): string[] {
  if (isJsonObject(before) && isJsonObject(after)) {
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
      .flatMap((key) => {
        const [from, to] = [before[key], after[key]];
        const inner = `${path}.${key}`;
        if (from === undefined && to === undefined) return [];
        if (from === undefined) return [`${inner} added: ${show(to ?? null)}`];
        if (to === undefined) return [`${inner} removed: ${show(from)}`];
        return leaves(inner, from, to);
      });
  }
  return canonical(before) === canonical(after)
    ? []
    : [`${path} ${show(before)} -> ${show(after)}`];
}

function inputChanges(
  before: Preimage["inputs"],
  after: Preimage["inputs"],
): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].sort().flatMap((name) => {
    if (before[name] === undefined) return [`input ${name} added`];
    if (after[name] === undefined) return [`input ${name} removed`];
    const single = Object.keys(after[name]).length === 1 &&
      Object.keys(before[name]).join() === Object.keys(after[name]).join();
    return single
      ? contentChanges(
        "input ",
        { [name]: Object.values(before[name])[0] },
        { [name]: Object.values(after[name])[0] },
      )
      : contentChanges(`input ${name}.`, before[name], after[name]);
  });
}

function contentChanges(
  prefix: string,
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
    .flatMap((name) => {
      const [from, to] = [before[name], after[name]];
      if (from === to) return [];
      if (from === undefined) return [`${prefix}${name} added`];
      if (to === undefined) return [`${prefix}${name} removed`];
      return [
        `${prefix}${name}: content changed (from ${short(from)} to ${
          short(to)
        })`,
      ];
    });
}

function codeChanges(before: Code, after: Code, module: string): string[] {
  const paths = new Set([
    ...Object.keys(before.modules),
    ...Object.keys(after.modules),
  ]);
  const modules = [...paths].sort().flatMap((path) => {
    const [from, to] = [before.modules[path], after.modules[path]];
    if (from === to) return [];
    const verb = from === undefined
      ? "added"
      : to === undefined
      ? "removed"
      : "changed";
    return [`code ${path === module ? path : `${module} <- ${path}`} ${verb}`];
  });
  const found = [
    ...modules,
    ...packageChanges(before.packages, after.packages),
    ...resolutionChanges(before.resolutions, after.resolutions),
  ];
  const isOfOtherForm =
    (before.resolutions === undefined) !== (after.resolutions === undefined);
  return found.length === 0 && isOfOtherForm
    ? ["code recorded by a version that did not know what imports resolve to"]
    : found;
}

/** Compares what both have: before schema 2 no resolutions were recorded. */
function resolutionChanges(
  before: Code["resolutions"],
  after: Code["resolutions"],
): string[] {
  if (before === undefined || after === undefined) return [];
  return Object.keys(before)
    .filter((specifier) =>
      after[specifier] !== undefined && withoutVersion(before[specifier]) !==
        withoutVersion(after[specifier])
    )
    .map((specifier) =>
      `import "${specifier}": ${before[specifier]} -> ${after[specifier]}`
    );
}

/** Package versions are compared by `packageChanges`. */
function withoutVersion(target: string): string {
  return target.replace(/^(npm:@?[^@]+)@[^/]+/, "$1");
}

function packageChanges(
  before: Code["packages"],
  after: Code["packages"],
): string[] {
  const gone = Object.keys(before).filter((id) => !(id in after)).sort();
  const come = Object.keys(after).filter((id) => !(id in before)).sort();
  const replaced = (id: string) =>
    come.find((other) => splitId(other).name === splitId(id).name);
  const successors = new Set(gone.map(replaced));
  const label = (id: string) => `${splitId(id).name} ${splitId(id).version}`;
  return [
    ...gone.map((id) => {
      const successor = replaced(id);
      return successor === undefined
        ? `package ${label(id)} removed`
        : `package ${label(id)} -> ${splitId(successor).version}`;
    }),
    ...come.filter((id) => !successors.has(id))
      .map((id) => `package ${label(id)} added`),
    ...Object.keys(before)
      .filter((id) => id in after && before[id] !== after[id])
      .map((id) => `package ${label(id)}: integrity changed`),
  ];
}

/** Whether a JSON value is an object, and not a list. */
export function isJsonObject(
  value: Json,
): value is { readonly [key: string]: Json | undefined } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The first digits of a hash. */
export function short(hash: string): string {
  return hash.slice(0, 4) + "…";
}

function show(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? text.slice(0, 57) + "..." : text;
}
