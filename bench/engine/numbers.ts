/** A pipeline of trivial stages: columns of nodes, each of which needs the one above. */
import { z } from "zod";
import { type Handle, pipeline } from "../../engine/graph/graph.ts";
import numberStage from "./number.ts";

export const Numbers = z.strictObject({
  columns: z.int().min(1),
  rows: z.int().min(1),
  /** What the first node writes; the others write what follows. */
  first: z.int().default(0),
  /** Zeros behind the number of each node of the first row. */
  bytes: z.int().min(0).default(0),
});

export default pipeline(Numbers, ({ columns, rows, first, bytes }, node) => {
  for (let column = 0; column < columns; column++) {
    let above: Handle<"number"> | undefined;
    for (let row = 0; row < rows; row++) {
      above = node(numberStage, {
        name: `${column}-${row}`,
        config: {
          number: first + column * rows + row,
          bytes: row === 0 ? bytes : 0,
        },
        inputs: above === undefined ? {} : { above },
      });
    }
  }
});
