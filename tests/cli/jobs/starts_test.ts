/** How starts of a job are counted that get no further. */
import { assertEquals } from "@std/assert";
import { countStart } from "../../../cli/jobs/starts.ts";

/** The counts after each of some starts, given by the job and the first progress of each unit. */
function counts(
  ...starts: readonly (readonly [string, Readonly<Record<string, number>>])[]
): number[] {
  const folder = Deno.makeTempDirSync();
  try {
    return starts.map(([job, begun]) =>
      countStart(folder, "0".repeat(64), job, new Map(Object.entries(begun)))
    );
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("a start that begins further on than all before is not in vain, and others are counted in a row", () => {
  const at = (steps: number) => ["12", { steps }] as const;
  assertEquals(counts(at(0), at(100), at(250)), [0, 0, 0]);
  assertEquals(counts(at(0), at(0), at(0), at(50), at(50)), [0, 1, 2, 0, 1]);
  // Its checkpoint was lost: what it has had before is not further on.
  assertEquals(counts(at(100), at(0), at(100), at(101)), [0, 1, 2, 0]);
});

Deno.test("a stage with several units gets further by each, and one that reports nothing by none", () => {
  assertEquals(
    counts(
      ["12", { files: 0 }],
      ["12", { files: 0, steps: 0 }],
      ["12", { files: 0, steps: 10 }],
      ["12", { files: 0 }],
    ),
    [0, 0, 0, 1],
  );
  assertEquals(counts(["12_3", {}], ["12_3", {}], ["12_3", {}]), [0, 1, 2]);
});

Deno.test("a job that is submitted again is counted anew", () => {
  assertEquals(
    counts(["12", { steps: 5 }], ["12", { steps: 5 }], ["13", { steps: 5 }]),
    [0, 1, 0],
  );
});
