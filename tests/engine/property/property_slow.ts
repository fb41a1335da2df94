/** A thousand sequences of edits, damage and crashes: no wrong result is kept, and no state needs repair. */
import { OBJECT_DAMAGES } from "./play/object_damage.ts";
import { EDITS } from "./model/edits.ts";
import {
  STATE_DAMAGES,
  STATE_DAMAGES_BETWEEN_RUNS,
} from "./play/state_damage.ts";
import { ALIVE, MOMENTS } from "./play/moments.ts";
import { testSequences } from "./play/session.ts";

const KINDS = Object.keys({
  ...EDITS,
  ...OBJECT_DAMAGES,
  ...STATE_DAMAGES,
  ...STATE_DAMAGES_BETWEEN_RUNS,
});

/** About half of what was seen. */
const LEAST: Readonly<Record<string, number>> = {
  "nodes that ran": 3000,
  "early cut-offs": 200,
  "reverts that ran nothing": 250,
  "broken results found": 200,
  "runs that ran nothing": 1400,
  "runs of several jobs": 1500,
  "runs that were stopped": 25,
  "runs that were answered at once": 30,
  "runs that did nothing and left the manifest": 100,
  "disturbed runs": 350,
  "nodes that failed since files changed": 50,
  "files that were saved by halves": 50,
  "stop before the lock": 40,
  "stop while waiting for the lock": 50,
  "selections that ran": 140,
  "selections that cannot run": 8,
  "edit: data file changed while it is hashed": 35,
  "edit: file touched": 100,
  "edit: file written as it is": 100,
  ...times(KINDS.map((kind) => `edit: ${kind}`), 3),
  // An answer is kept only where all files have their age, and gone with the next run that does something.
  ...times(
    KINDS.filter((kind) => kind.startsWith("answer")).map((kind) =>
      `edit: ${kind}`
    ),
    1,
  ),
  ...times(MOMENTS.map((moment) => `change ${moment}`), 25),
  ...times(ALIVE.flatMap((moment) => [`kill ${moment}`, `stop ${moment}`]), 6),
};

/** Some of many, so often at least each. */
function times(names: readonly string[], least: number) {
  return Object.fromEntries(names.map((name) => [name, least]));
}

testSequences(
  "after a thousand sequences of edits, losses, kills and changes during a run, no node is cached that a run from scratch would make differently",
  {
    file: "tests/engine/property/property_slow.ts",
    sequences: 1000,
    least: LEAST,
    kinds: KINDS.length + 3,
  },
);
