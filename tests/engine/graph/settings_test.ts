/** The settings that make one experiment of another are those that `--set` takes. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import {
  readExperiment,
  settingsBetween,
} from "../../../engine/graph/experiment.ts";
import type { Json } from "../../../schemas/manifest.ts";

const FILE = {
  data: { train: "a.tsv", tests: ["x"] },
  students: { rkd: { alpha: 0.7 } },
};

/** Values, and the settings that lead to them from the file. */
const VALUES: readonly (readonly [Json, string[] | undefined])[] = [
  [FILE, []],
  [{ ...FILE, students: { rkd: { alpha: 0.45 } } }, [
    "students.rkd.alpha=0.45",
  ]],
  [{ ...FILE, seed: 2, data: { train: "b.tsv", tests: ["x", "y"] } }, [
    "data.train=b.tsv",
    'data.tests=["x","y"]',
    "seed=2",
  ]],
  // A text that JSON reads as something else.
  [{ ...FILE, data: { ...FILE.data, train: "7" } }, ['data.train="7"']],
  [{ data: FILE.data }, undefined],
  [{ ...FILE, students: { ...FILE.students, "a.b": {} } }, undefined],
];

Deno.test("the settings between two experiments lead from one to the other, and there are none where a key would have to go", () => {
  const folder = Deno.makeTempDirSync();
  try {
    const path = join(folder, "file.jsonc");
    Deno.writeTextFileSync(path, JSON.stringify(FILE));
    for (const [value, settings] of VALUES) {
      assertEquals(settingsBetween(FILE, value), settings);
      if (settings === undefined) continue;
      assertEquals(readExperiment(folder, path, settings).value, value);
    }
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
