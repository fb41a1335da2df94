/** After edits, losses and accidents a run does what it must and no more, and ends as a run from scratch does. */
import { testSequences } from "./session.ts";

testSequences(
  "after edits, losses, kills and changes during a run, what runs is what has to and the manifest is that of a run from scratch",
  {
    file: "tests/engine/property/property_test.ts",
    sequences: 50,
    // About half of what was seen; what is rare has its least in property_slow.ts.
    least: {
      "nodes that ran": 130,
      "early cut-offs": 12,
      "reverts that ran nothing": 10,
      "broken results found": 7,
      "runs that ran nothing": 70,
      "runs of several jobs": 70,
      "runs that were replayed": 1,
      "runs that did nothing and left the manifest": 3,
      "nodes that failed since files changed": 5,
      "inputs damaged during a run": 1,
      "stop while the run waits for its lock": 1,
      "selections that ran": 9,
    },
    kinds: 60,
  },
);
