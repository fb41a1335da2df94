/** What was measured on the validation pairs while the models of a run were trained, a value a row. */
import { failure } from "../../../engine/files/failure.ts";
import { prefixOf } from "../../../schemas/subwords.ts";
import type { Described } from "../record.ts";

export interface Value {
  /** With the language pair of its node before it, if that has one. */
  readonly system: string;
  readonly seed?: number;
  readonly step: number;
  /** `nll`, -log p a target token, or `bleu`. */
  readonly name: "nll" | "bleu";
  readonly value: number;
}

/** The values of the described models, each once, on however many test sets it was scored. @throws a failure if none has a curve */
export function validationValues(
  { source: { results }, nodes }: Described,
): Value[] {
  const names = new Set(nodes.map(({ name }) => name));
  const runs = results.systems.flatMap(({ system, runs }) =>
    runs.map(({ model, seed }) => ({ model, system, seed }))
  );
  // A further test set repeats the systems, in a pair of its own and without their seeds.
  const models = [...Map.groupBy(runs, ({ model }) => model).values()]
    .map(([first]) => first).filter(({ model }) => names.has(model));
  const values = models.flatMap(({ model, system, seed }) => {
    const pair = prefixOf(model);
    return (results.curves[model] ?? []).flatMap(
      ({ step, nll, bleu }): Value[] => {
        const at = { system: pair + system, seed, step };
        return [
          { ...at, name: "nll", value: nll },
          ...bleu === undefined
            ? []
            : [{ ...at, name: "bleu", value: bleu } as const],
        ];
      },
    );
  });
  if (values.length > 0) return values;
  throw failure(
    "Cannot describe training: none of the nodes is an evaluated model with a curve; name a teacher or students.",
  );
}

/** A table that pandas and R read: `system,seed,step,name,value`. */
export function csvText(values: readonly Value[]): string {
  const rows = values.map(({ system, seed = "", step, name, value }) =>
    [system, seed, step, name, value].join(",")
  );
  return ["system,seed,step,name,value", ...rows].join("\n") + "\n";
}
