/** Which students are the best, by the scores of a manifest. */
import type { Workspace } from "../engine/store/workspace.ts";
import { outdatedBy } from "../engine/provenance/outdated.ts";
import { prefixOf } from "../schemas/subwords.ts";

/** A student that is better than the others by some BLEU. */
export interface BestStudent {
  readonly node: string;
  readonly bleu: number;
  /** On the test set where not all students have a validation BLEU. */
  readonly isValidated: boolean;
  /** How many students it is the best of, one a seed. */
  readonly of: number;
}

/** The best student of each language pair, of all that are evaluated. */
export function bestStudents(
  workspace: Pick<Workspace, "manifest">,
): BestStudent[] {
  return bestOfPairs(evaluatedStudents(workspace));
}

export function bestOfPairs(students: readonly Student[]): BestStudent[] {
  return [...Map.groupBy(students, ({ node }) => prefixOf(node)).values()]
    .map(bestOf);
}

/** A student that is evaluated on the test set of its pair, and both of what the manifest has now. */
export interface Student {
  readonly node: string;
  /** BLEU; on the validation pairs where its training recorded it. */
  readonly validation?: number;
  readonly test: number;
}

export function evaluatedStudents(
  { manifest }: Pick<Workspace, "manifest">,
): Student[] {
  const nodes = manifest?.nodes ?? {};
  const outdated = outdatedBy(nodes);
  return Object.entries(nodes).flatMap(([name, { inputs, metrics }]) => {
    const node = Object.values(inputs)
      .find((input) => /(^|\/)student:/.test(input));
    const test = Number(metrics.bleu);
    if (
      node === undefined || !/(^|\/)evaluate:/.test(name) ||
      prefixOf(node) !== prefixOf(name) || !Number.isFinite(test) ||
      outdated(name) !== undefined
    ) return [];
    const validation = nodes[node]?.metrics.validationBleu;
    return typeof validation === "number"
      ? [{ node, validation, test }]
      : [{ node, test }];
  });
}

/** The best of one student or more. */
export function bestOf(students: readonly Student[]): BestStudent {
  const [best] = bestFirst(students);
  return { ...best, of: students.length };
}

/** Students by validation BLEU, or by that of the test set where one has no other. */
export function bestFirst(
  students: readonly Student[],
): Omit<BestStudent, "of">[] {
  const isValidated = students.every(({ validation }) =>
    validation !== undefined
  );
  return students
    .map(({ node, validation, test }) => ({
      ...{ node, isValidated },
      bleu: isValidated ? validation ?? test : test,
    }))
    .sort((a, b) => b.bleu - a.bleu);
}
