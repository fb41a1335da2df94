/** A thousand sequences of edits, damage and crashes: no wrong result is kept, and no state needs repair. */
import { DAMAGES, DAMAGES_BETWEEN_RUNS } from "./damage.ts";
import { EDITS } from "./edits.ts";
import { ALIVE, MOMENTS } from "./pipeline.ts";
import { testSequences } from "./session.ts";

/** But for the no-op cache, which is kept only where all files have their age, and gone with the next run that does something. */
const KINDS = Object.keys({ ...EDITS, ...DAMAGES, ...DAMAGES_BETWEEN_RUNS })
  .filter((kind) => !kind.startsWith("no-op cache"));

testSequences(
  "after a thousand sequences of edits, losses, kills and changes during a run, no node is cached that a run from scratch would make differently",
  {
    file: "tests/engine/property/property_slow.ts",
    sequences: 1000,
    // Less than half of what was seen.
    least: {
      "nodes that ran": 2500,
      "early cut-offs": 200,
      "reverts that ran nothing": 200,
      "broken results found": 120,
      "runs that ran nothing": 1400,
      "runs of several jobs": 1400,
      "runs that were replayed": 30,
      "runs that did nothing and left the manifest": 50,
      "nodes that failed since files changed": 100,
      "inputs damaged during a run": 25,
      "selections that ran": 140,
      "selections that cannot run": 8,
      ...times(MOMENTS.map((moment) => `edit ${moment}`), 10),
      ...times(MOMENTS.map((moment) => `half ${moment}`), 3),
      ...times(
        ALIVE.flatMap((moment) => [`kill ${moment}`, `stop ${moment}`]),
        5,
      ),
      ...times(KINDS.map((kind) => `edit: ${kind}`), 1),
    },
    kinds: KINDS.length,
  },
);

/** Some of many, so often at least each. */
function times(names: readonly string[], least: number) {
  return Object.fromEntries(names.map((name) => [name, least]));
}
