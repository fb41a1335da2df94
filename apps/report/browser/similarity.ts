/** Draws the similarity of student and teacher layers. */
/// <reference lib="dom" />
import type { LayerSimilarity } from "../view_data.ts";
import { heatMap } from "./heat.ts";
import type { Draw } from "./view.ts";

/** Pixels of the page's margins. */
const SIDES = 32;

export function openSimilarity(
  { system, stack, values, mapped }: LayerSimilarity,
): Draw {
  const layers = (count: number) =>
    Array.from({ length: count }, (_, i) => String(i + 1));
  const students = values[0]?.length ?? 0;
  // The lowest layer is at the bottom.
  const highestFirst = values.toReversed();
  return () =>
    heatMap({
      title: stack,
      label:
        `Similarity of the ${stack} layers of ${system} to the teacher's: ${
          layers(students).map((layer, student) =>
            `layer ${layer} to teacher layers 1 to ${values.length}: ${
              values.map((row) => row[student].toFixed(2)).join(", ")
            }`
          ).join("; ")
        }.`,
      rows: layers(values.length).reverse(),
      columns: layers(students),
      rowTitle: "teacher",
      columnTitle: "student",
      values: highestFirst,
      most: 1,
      isFramed: (row, student) =>
        mapped[student]?.includes(values.length - row) === true,
      square: { width: 44, height: 26 },
      hasNumbers: true,
    }, document.documentElement.clientWidth - SIDES);
}
