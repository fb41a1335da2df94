/** Hundreds of sequences of edits, damage and crashes: no wrong result is kept, and no state needs repair. */
import { trials } from "../../fixtures/trials.ts";
import { DAMAGES, DAMAGES_BETWEEN_RUNS } from "./damage.ts";
import { EDITS } from "./edits.ts";
import { ALIVE, MOMENTS } from "./pipeline.ts";
import { testSequences } from "./session.ts";

/** But for the no-op cache, which is kept only where all files have their age, and gone with the next run that does something. */
const KINDS = Object.keys({ ...EDITS, ...DAMAGES, ...DAMAGES_BETWEEN_RUNS })
  .filter((kind) => !kind.startsWith("no-op cache"));

const SEQUENCES = trials(250);

testSequences(
  `after ${SEQUENCES} sequences of edits, losses, kills and changes during a run, no node is cached that a run from scratch would make differently`,
  {
    file: "tests/engine/property/property_slow.ts",
    // Those before are of property_test.ts.
    first: 50,
    sequences: SEQUENCES,
    // Less than half of what was seen.
    least: {
      ...often({
        "nodes that ran": 625,
        "early cut-offs": 45,
        "reverts that ran nothing": 50,
        "broken results found": 18,
        "runs that ran nothing": 350,
        "runs of several jobs": 350,
        "runs that were replayed": 7,
        "runs that did nothing and left the manifest": 8,
        "nodes that failed since files changed": 25,
        "inputs damaged during a run": 6,
        "selections that ran": 30,
        "selections that cannot run": 2,
        "kill while it runs": 2,
        ...times(MOMENTS.map((moment) => `edit ${moment}`), 2),
        ...times(ALIVE.map((moment) => `stop ${moment}`), 1),
      }),
      ...times(KINDS.map((kind) => `edit: ${kind}`), 1),
      // What 250 sequences may lack.
      ...trials(1) < 4 ? {} : {
        ...times(MOMENTS.map((moment) => `half ${moment}`), 3),
        ...times(ALIVE.map((moment) => `kill ${moment}`), 5),
      },
    },
    kinds: KINDS.length,
  },
);

/** So often in the sequences of one trial, more often in more. */
function often(least: Readonly<Record<string, number>>) {
  return Object.fromEntries(
    Object.entries(least).map(([name, count]) => [name, trials(count)]),
  );
}

/** Some of many, so often at least each. */
function times(names: readonly string[], least: number) {
  return Object.fromEntries(names.map((name) => [name, least]));
}
