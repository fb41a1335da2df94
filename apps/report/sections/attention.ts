/** Attention maps of teacher and students on validation sentences. */
import type { Examination } from "../examination.ts";
import type { AttentionMap } from "../inside.ts";
import type { Markup } from "../html/markup.ts";
import { markup } from "../html/markup.ts";
import { select, view } from "../html/view.ts";

/**
 * A choice of sentence, student and layer, `first` before anything is chosen; teacher and student stand side by side.
 * Undefined where there is nothing to show.
 */
export function attentionMaps(
  { sentences, models }: Examination,
  first: string | undefined,
): Markup | undefined {
  if (sentences.length === 0 || models.length === 0) return undefined;
  const isTeacher = (system: string) => system === "teacher";
  const students = models.filter(({ system }) => !isTeacher(system));
  const layers = (chosen: readonly (typeof models)[number][]) =>
    Math.max(0, ...chosen.map(({ attention: [maps] }) => maps.length));
  return view("attention", {
    sentences,
    models: models.map(({ system, attention }) => ({
      system,
      maps: attention.map((maps) => maps.map(rowsOf)),
    })),
  }, {
    choices: markup`${
      select(
        "Sentence",
        "sentence",
        sentences.map(({ target }, index) => [
          String(index),
          `${index + 1}: ${target.slice(0, -1).join(" ").replaceAll(" -", "")}`,
        ]),
      )
    }${
      layerSelect(
        "Teacher layer",
        "teacherLayer",
        layers(
          models.filter(({ system }) => isTeacher(system)),
        ),
      )
    }${
      students.length === 0 ? undefined : markup`${
        select(
          "Student",
          "student",
          students.map(({ system }) => [system, system]),
          first,
        )
      }${layerSelect("Student layer", "layer", layers(students))}`
    }`,
  });
}

function layerSelect(title: string, name: string, count: number) {
  const numbers = Array.from({ length: count }, (_, i) => String(i + 1));
  return select(title, name, [
    ["", "last"],
    ...numbers.map((number) => [number, number] as const),
  ]);
}

/** A row a query, in hundredths. */
function rowsOf({ queries, keys, shares }: AttentionMap): number[][] {
  return Array.from(
    { length: queries },
    (_, query) =>
      Array.from(
        shares.subarray(query * keys, (query + 1) * keys),
        (share) => Math.round(100 * share),
      ),
  );
}
