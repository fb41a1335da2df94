/** Gathers the contents of a model card; nmt/export/model_card.ts writes its text. */
import { join } from "@std/path";
import { z } from "zod";
import { jsonIfValid, readIfThere } from "../../engine/files/atomic.ts";
import {
  type Card,
  card,
  type Run,
  type StudentTraining,
} from "../../nmt/export/model_card.ts";
import {
  type Trained,
  trainedOf,
  translationsLearned,
} from "../report/trained.ts";
import { bestStudents } from "../students.ts";
import { inputError } from "../../base/input_error.ts";
import { usesTeacher } from "../../schemas/experiment/distillation.ts";
import { ExportConfig } from "../../schemas/exported_model.ts";
import { Language } from "../../schemas/language.ts";
import type { MadeNode } from "./made_node.ts";
import { type Described, filesOf } from "./record.ts";

/**
 * The card of the one described node, which is a teacher, a student or an export; `maximumLength` is how many ids a
 * sentence may have.
 */
export function modelCard(
  described: Described,
  maximumLength: number,
): string {
  const [node] = described.nodes;
  const stage = node.record.preimage.stage;
  const isExport = stage === "export";
  const name = isExport ? node.record.inputs.model : node.name;
  const all = trainedOf(described.source);
  const own = all.find(({ nodes }) => nodes.includes(name));
  const model = described.lineage.find((each) => each.name === name);
  const interpolated = all.find(({ nodes, curves }) =>
    curves.includes(name) && !nodes.includes(name)
  );
  if (interpolated !== undefined) {
    const [final] = interpolated.nodes;
    throw inputError(
      `Cannot write a model card of "${node.name}": it is tuned on the way to ${final}, which is the model that has scores; name ${final}.`,
    );
  }
  if (own === undefined || model === undefined) {
    throw inputError(
      `Cannot write a model card of "${node.name}": it is no model; name one of ${
        all.flatMap(({ nodes }) => nodes).join(", ")
      }.`,
    );
  }
  const teacher = all.find(({ family, pair }) =>
    family === "teacher" && pair === own.pair
  );
  const [first] = described.data;
  if (first === undefined) {
    throw inputError(
      `Cannot write a model card of "${node.name}": nothing is known of what an imported model was trained on; name its export, export:teacher.`,
    );
  }
  const contents: Card = {
    system: own.system,
    languages: first.languages,
    sources: sourcesOf(described),
    model: own.model,
    parameters: Number(model.record.metrics.parameters),
    vocabulary: vocabularyOf(described),
    maximumLength,
    data: described.data,
    exported: isExport ? exportConfig(node) : undefined,
    run: runOf(described, { model, own, teacher }),
  };
  return card(contents);
}

/** The model that a card is written of unless one is named: the best student. */
export function bestModel({ manifest }: Described): string {
  const [best, ...others] = bestStudents({ manifest });
  if (best === undefined || others.length > 0) {
    throw inputError(
      `Cannot tell which model to write a card of: ${
        best === undefined
          ? "no student was evaluated"
          : "there are several language pairs"
      }; name a node, such as ${best?.node ?? "teacher"}.`,
    );
  }
  return best.node;
}

/** Stages above a model whose artifacts its card names. */
const TRACED = new Set([
  "interpolate",
  "teacher",
  "import",
  "tokenize",
  "extend",
  "trim",
  "prune",
  "join",
  "corpus",
]);

function runOf(
  { source, manifest, nodes, lineage }: Described,
  { model, own, teacher }: {
    readonly model: MadeNode;
    readonly own: Trained;
    readonly teacher: Trained | undefined;
  },
): Run {
  const rows = own === teacher ? [own.row] : [teacher?.row, own.row];
  const traced = [
    ...nodes,
    ...lineage.filter((node) =>
      node !== model && !nodes.includes(node) &&
      TRACED.has(node.record.preimage.stage)
    ),
  ];
  const all = nodes.includes(model) ? traced : [model, ...traced];
  return {
    experiment: manifest.experiment.name,
    node: model.name,
    student: studentTrainingOf(
      own,
      teacher,
      translationsLearned(source.graph, model.record),
    ),
    systems: rows.flatMap((row) => row ?? []),
    hashes: all.flatMap(({ outputs }) =>
      outputs.flatMap(filesOf).map(({ path, sha256 }) =>
        [path, sha256] as const
      )
    ),
  };
}

function studentTrainingOf(
  { distillation }: Trained,
  teacher: Trained | undefined,
  translations: StudentTraining["translations"],
): StudentTraining | undefined {
  if (distillation === undefined) return undefined;
  const learns = teacher !== undefined &&
    (usesTeacher(distillation) || translations.size > 0);
  return {
    distillation,
    translations,
    teacher: learns
      ? { node: teacher.nodes[0], model: teacher.model }
      : undefined,
  };
}

/** The source languages that have a token; undefined where there is one language. */
function sourcesOf({ lineage }: Described): readonly string[] | undefined {
  const tokenize = lineage.find(({ record }) =>
    record.preimage.stage === "tokenize"
  );
  return Tokenized.safeParse(tokenize?.record.preimage.config).data?.languages;
}

const Tokenized = z.object({ languages: z.array(Language).optional() });

function vocabularyOf({ lineage }: Described): number {
  const counts = (stage: string) =>
    lineage.find(({ record }) => record.preimage.stage === stage)
      ?.record.metrics.vocabulary;
  return Number(counts("trim") ?? counts("tokenize"));
}

function exportConfig({ outputs }: MadeNode): ExportConfig | undefined {
  const [{ at }] = outputs;
  const text = at === undefined
    ? undefined
    : readIfThere(join(at, "config.json"));
  return text === undefined
    ? undefined
    : ExportConfig.safeParse(jsonIfValid(text)).data;
}
