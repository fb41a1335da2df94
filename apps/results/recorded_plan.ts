/** Compares the planned comparisons that nodes record with those that their configs plan. */
import { z } from "zod";
import { Evaluation } from "../../schemas/experiment/evaluation.ts";
import type { Manifest, NodeRecord } from "../../schemas/manifest.ts";

/** Configs were valid when they were recorded; what a later version added to them is its default. */
export const EvaluationConfig = z.object({
  evaluation: Evaluation.loose(),
  testSet: z.string().optional(),
});

/** What is recorded otherwise than planned, or of a planned comparison not at all; undefined where nothing is. */
export function otherThanPlanned(
  { nodes }: Pick<Manifest, "nodes">,
): string | undefined {
  for (const [name, node] of Object.entries(nodes)) {
    const difference = node.preimage.stage === "compare"
      ? differenceOf(node)
      : undefined;
    if (difference !== undefined) return `node "${name}" ${difference}`;
  }
  return undefined;
}

function differenceOf(
  { preimage: { config }, metrics }: NodeRecord,
): string | undefined {
  const { evaluation, testSet } = EvaluationConfig.safeParse(config).data ?? {};
  const planned = new Map<string, number | string>();
  const tested: string[] = [];
  for (const each of evaluation?.comparisons ?? []) {
    if (each.testSet !== testSet) continue;
    const prefix = `${each.system}.${each.metric}.to.${each.baseline}`;
    planned.set(`${prefix}.planned`, each.test);
    tested.push(`${prefix}.p`);
    if (each.margin === undefined) continue;
    planned.set(`${prefix}.margin`, each.margin);
    tested.push(`${prefix}.pMargin`);
  }
  const recorded = Object.keys(metrics)
    .filter((metric) => /\.(planned|margin)$/.test(metric));
  for (const metric of new Set([...planned.keys(), ...recorded])) {
    const [found, expected] = [metrics[metric], planned.get(metric)];
    if (found === expected) continue;
    return `records ${metric} as ${found ?? "absent"}, and ${
      expected ?? "none"
    } is planned`;
  }
  const missing = tested.find((metric) => typeof metrics[metric] !== "number");
  return missing && `lacks ${missing}, which is planned`;
}
