/** After edits, losses and accidents a run does what it must and no more, and ends as a run from scratch does. */
import { testSequences } from "./play/session.ts";

testSequences(
  "after edits, losses, kills and changes during a run, what runs is what has to and the manifest is that of a run from scratch",
  {
    file: "tests/engine/property/property_test.ts",
    sequences: 50,
    // About half of what was seen.
    least: {
      "nodes that ran": 150,
      "early cut-offs": 12,
      "reverts that ran nothing": 12,
      "broken results found": 12,
      "runs that ran nothing": 70,
      "runs of several jobs": 75,
      "runs that were stopped": 1,
      "runs that were answered at once": 1,
      "runs that did nothing and left the manifest": 5,
      "disturbed runs": 17,
      "nodes that failed since files changed": 2,
      "files that were saved by halves": 2,
      "kill while it runs": 1,
      "stop before the lock": 2,
      "stop while waiting for the lock": 2,
      "selections that ran": 7,
      "selections that cannot run": 1,
    },
    kinds: 70,
  },
);
