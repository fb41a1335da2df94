/** Where a student starts that is cut out of its teacher, in place of random weights. */
import type { LayerChoice } from "../../schemas/experiment/distillation.ts";
import type { Model } from "../../schemas/experiment/model.ts";
import type { SavedModel } from "../transformer/checkpoint.ts";
import { parameterShapes, type Weights } from "../transformer/parameters.ts";

/**
 * What a student starts from whose layers are copies of the teacher's (Sanh et al. 2019): those layers, the final norms
 * of their stacks and the embedding. Parameters of a stack without a choice are not among them; with no choice at all
 * nothing is. Fails where both do not have one shape.
 */
export function startingWeights(
  { model, vocabulary, weights }: SavedModel,
  student: Model,
  start: LayerChoice,
): Weights {
  const chosen = [...start.encoder, ...start.decoder];
  if (chosen.length === 0) return {};
  const theirs = parameterShapes(model, vocabulary);
  const copied = Object.entries(parameterShapes(student, vocabulary)).flatMap(
    ([name, shape]) => {
      const source = sourceOf(name, start);
      if (source === undefined) return [];
      if (theirs[source]?.join() !== shape.join()) {
        throw new Error(
          `Cannot start ${name} from the teacher's ${source}: expected shape [${shape}], found [${
            theirs[source] ?? "none"
          }]`,
        );
      }
      return [[name, weights[source].slice()] as const];
    },
  );
  return Object.fromEntries(copied);
}

/** The teacher's parameter that a student's is copied from; none where it starts at random. */
function sourceOf(name: string, start: LayerChoice): string | undefined {
  const [stack, place, ...rest] = name.split(".");
  if (stack !== "encoder" && stack !== "decoder") return name;
  if (start[stack].length === 0) return undefined;
  if (place === "norm") return name;
  return [stack, start[stack][Number(place)] - 1, ...rest].join(".");
}
