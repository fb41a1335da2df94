/** Finds the node with a model that a name means in the last run, by default the best student. */
import { statIfThere } from "../base/stat.ts";
import { inputError, suggestion } from "../base/input_error.ts";
import { outdatedBy } from "../engine/provenance/outdated.ts";
import { readManifest } from "../engine/store/manifest.ts";
import { commandToRun } from "../engine/store/command_to_run.ts";
import { openWorkspace, type Workspace } from "../engine/store/workspace.ts";
import { prefixOf } from "../schemas/subwords.ts";
import {
  bestOf,
  bestOfPairs,
  type BestStudent,
  evaluatedStudents,
} from "./students.ts";

/** A node with a model. */
export interface Found {
  readonly node: string;
  /** Says which of several students it is and why; undefined where it was named. */
  readonly note?: string;
}

/** What the models of the last run may be called, the shortest name of each. */
export function modelNames(artifacts: string): string[] {
  const nodes = openWorkspace(artifacts).manifest?.nodes ?? {};
  return Object.keys(nodes).filter(isSystem).map(shortName);
}

/** Whether a name means a node of the last run, which comes before a path of that name; `./NAME` is always a path. */
export function isNode(artifacts: string, name: string): boolean {
  if (/^[./]/.test(name)) return false;
  const nodes = readManifest(artifacts)?.nodes ?? {};
  return Object.keys(nodes).filter(isSystem)
    .some((node) => spellings(node).includes(name));
}

/** The node that a name means, by default the best student; of several students those come first that can be used here. */
export function findNode(
  workspace: Workspace,
  name: string | undefined,
  isUsable: (node: string) => boolean,
): Found {
  if (name === undefined) return bestStudent(workspace, isUsable);
  const { node, note } = modelNode(workspace, name, isUsable);
  return note === undefined && statIfThere(name) !== undefined
    ? { node, note: `Model: ${node}; what lies at that path is ./${name}.` }
    : { node, note };
}

/** The best student of the one language pair that there is. */
function bestStudent(
  workspace: Workspace,
  isUsable: (node: string) => boolean,
): Found {
  const students = evaluatedStudents(workspace);
  const usable = usableOf(students, isUsable);
  const best = bestOfPairs(usable);
  if (best.length === 0) {
    const names = unevaluated(workspace, isUsable);
    if (names.length > 0) {
      throw inputError(
        `Cannot tell which student of "${workspace.folder}" is the best, as none is evaluated; name one, ${
          names.slice(0, 3).map((name) => `--model ${name}`).join(" or ")
        }, or run "${commandToRun(workspace, [])}".`,
      );
    }
    throw inputError(
      `Cannot find a student in "${workspace.folder}"; run "${
        commandToRun(workspace, [])
      }" first, or name a model with --model.`,
    );
  }
  if (best.length > 1) {
    throw inputError(
      `Cannot tell which language pair of "${workspace.folder}" to translate; name a model with --model, ` +
        `the best of each pair is ${
          best.map(({ node }) => shortName(node)).sort().join(", ")
        }.`,
    );
  }
  return found(best[0], usable.length < students.length);
}

/** The names of the students of the last run. */
function unevaluated(
  workspace: Workspace,
  isUsable: (node: string) => boolean,
): string[] {
  const nodes = workspace.manifest?.nodes ?? {};
  const outdated = outdatedBy(nodes);
  const students = Object.keys(nodes)
    .filter((node) =>
      /(^|\/)student:/.test(node) && outdated(node) === undefined
    ).map((node) => ({ node }));
  return usableOf(students, isUsable).map(({ node }) => shortName(node));
}

/** The students whose files are here; all where none's are, as the error then names the best. */
function usableOf<Of extends { readonly node: string }>(
  students: readonly Of[],
  isUsable: (node: string) => boolean,
): readonly Of[] {
  const usable = students.filter(({ node }) => isUsable(node));
  return usable.length > 0 ? usable : students;
}

function found(
  { node, bleu, isValidated, of }: BestStudent,
  isPartial: boolean,
): Found {
  const by = isValidated ? "validation BLEU" : "BLEU on the test set";
  const why = isValidated ? "" : ", as not all have a validation BLEU";
  const note = of > 1
    ? `the best of ${of}${isPartial ? " whose files are here" : ""} by ${by}, ${
      bleu.toFixed(2)
    }${why}`
    : isPartial
    ? "the only student whose files are here"
    : "the only student that is evaluated";
  return { node, note: `Model: ${node}, ${note}.` };
}

/** The node with a model that a name means; of the seeds of a student, the best one. */
function modelNode(
  workspace: Workspace,
  name: string,
  isUsable: (node: string) => boolean,
): Found {
  const nodes = workspace.manifest?.nodes ?? {};
  const models = Object.keys(nodes).filter(isSystem);
  if (models.includes(name)) return { node: name };
  const meant = models.filter((node) => spellings(node).includes(name));
  if (meant.length === 0) {
    const hint =
      suggestion(name, models.flatMap(spellings)).replace(/\?$/, "") ||
      `; there are ${models.join(", ") || "none"}`;
    throw inputError(
      `Cannot find model "${name}": it is neither a file, the folder of an export nor a node of the last run that has a model${hint}.`,
    );
  }
  const prefixes = new Set(meant.map(prefixOf));
  if (prefixes.size > 1) {
    const choices = [...prefixes].map((prefix) => `${prefix}${name}`);
    throw inputError(
      `Cannot tell which model "${name}" is meant, several language pairs have one; name ${
        choices.join(" or ")
      }.`,
    );
  }
  if (meant.length === 1) return { node: meant[0] };
  const seeds = evaluatedStudents(workspace)
    .filter(({ node }) => meant.includes(node));
  if (seeds.length === 0) {
    throw inputError(
      `Cannot tell which model "${name}" is meant, none of its seeds is evaluated; name ${
        meant.map(shortName).join(" or ")
      }.`,
    );
  }
  const usable = usableOf(seeds, isUsable);
  return found(bestOf(usable), usable.length < seeds.length);
}

/** The node that exports the model of a node. */
export function exportOf(node: string): string {
  const prefix = prefixOf(node);
  return `${prefix}export:${shortName(node).slice(prefix.length)}`;
}

/** Whether a node has a model to translate with, and not one on the way to it. */
function isSystem(node: string): boolean {
  return /(^|\/)(teacher$|(student|import):)/.test(node);
}

function shortName(node: string): string {
  return node.replace(/(^|\/)(student|import):/, "$1");
}

/** What a node may be called: its name with or without the pair, the word "student:" or "import:", and the seed. */
function spellings(node: string): string[] {
  const names = [node, shortName(node)];
  const withoutSeed = names.map((name) => name.split("@", 1)[0]);
  return [...names, ...withoutSeed].flatMap((name) => [
    name,
    name.slice(prefixOf(name).length),
  ]);
}
