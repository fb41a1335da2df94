/** After edits, losses and accidents a run does what it must and no more, and ends as a run from scratch does. */
import { testSequences } from "./play/session.ts";

testSequences(
  "after edits, losses, kills and changes during a run, what runs is what has to and the manifest is that of a run from scratch",
  {
    file: "tests/engine/property/property_test.ts",
    sequences: 100,
    // About half of what was seen.
    least: {
      "nodes that ran": 300,
      "early cut-offs": 25,
      "reverts that ran nothing": 25,
      "broken results found": 25,
      "runs that ran nothing": 140,
      "runs of several jobs": 150,
      "runs that were stopped": 3,
      "runs that were answered at once": 2,
      "runs that did nothing and left the manifest": 10,
      "disturbed runs": 35,
      "nodes that failed since files changed": 5,
      "files that were saved by halves": 4,
      "kill while it runs": 1,
      "stop before the lock": 4,
      "stop while waiting for the lock": 5,
      "selections that ran": 15,
      "selections that cannot run": 1,
    },
    kinds: 80,
  },
);
