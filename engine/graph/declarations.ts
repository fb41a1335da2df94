/** Evaluates and checks what a stage declares for a node: data files, environment, requirements. */
import { z } from "zod";
import { inputError, isInputError, parse } from "../../base/input_error.ts";
import type { Json } from "../../schemas/manifest.ts";
import { isFailure } from "../files/failure.ts";
import type { Node } from "./graph.ts";
import { canonical } from "../files/hash.ts";

/** The user's data files that a node's config names. @throws an input error if the stage does not return paths */
export function dataFilesOf(node: Node): readonly string[] {
  const named = asked(node, "files", () => node.stage.files?.(node.config));
  return parse(
    z.array(z.string().min(1)).default([]),
    named,
    what(node, "files"),
  );
}

/** What else decides a node's result, such as a runtime's version. */
export function environmentOf(node: Node): Json {
  return asked(node, "environment", () => {
    const environment = node.stage.environment?.(node.config) ?? null;
    if (typeof environment === "function") throw new Error("expected JSON");
    return JSON.parse(canonical(environment));
  });
}

/** @throws an input error if the machine lacks what a node needs */
export async function checkRequirements(node: Node): Promise<void> {
  try {
    await node.stage.requires?.(node.config);
  } catch (error) {
    refuse(node, "requires", error);
  }
}

function asked<T>(node: Node, declared: string, ask: () => T): T {
  try {
    return ask();
  } catch (error) {
    refuse(node, declared, error);
  }
}

/** Rethrows an error for the user, or wraps another one in a sentence that names the declaration. */
function refuse(node: Node, declared: string, error: unknown): never {
  if (isInputError(error) || isFailure(error)) throw error;
  const reason = error instanceof Error ? error.message : String(error);
  throw inputError(
    `Cannot use ${what(node, declared)}: ${reason.replace(/\.$/, "")}.`,
  );
}

function what({ name, stage }: Node, declared: string): string {
  return `\`${declared}\` of stage "${stage.name}" for node "${name}"`;
}
