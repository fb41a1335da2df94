/** What the lists of a short-list hold, and its file. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import {
  longestList,
  readShortlist,
  shortlistOf,
  writeShortlist,
} from "../../../nmt/shortlist/shortlist.ts";
import { writeSafetensors } from "../../../nmt/tensor/safetensors.ts";
import { refusal } from "../fixtures/refusal.ts";
import { withFolder } from "../fixtures/folder.ts";
import { randomShortlist } from "./made_shortlist.ts";

Deno.test("lists leave out what is a candidate anyway", () => {
  const shortlist = shortlistOf([7, 2, 5], [[], [], [], [3, 4, 5, 7, 1]]);
  assertEquals([...shortlist.frequent], [5, 7]);
  assertEquals([...shortlist.offsets], [0, 0, 0, 0, 1]);
  assertEquals([...shortlist.ids], [4]);
  assertEquals(longestList(shortlist), 1);
});

Deno.test("a file gives back what was written, with ids of 16 bits where these are enough", () =>
  withFolder((folder) => {
    const path = join(folder, "shortlist");
    for (const [vocabulary, bytes] of [[65_536, 2], [65_537, 4]]) {
      const lists = Array.from(
        { length: vocabulary },
        (_, id) => id === 5 ? [vocabulary - 1, 6, 9] : [],
      );
      const shortlist = shortlistOf([vocabulary - 2, 4], lists);
      writeShortlist(path, shortlist);
      assertEquals(readShortlist(path, vocabulary), shortlist);
      const { size } = Deno.statSync(path);
      const header = size - 4 * (2 + vocabulary + 1) - 3 * bytes;
      assert(header > 100 && header < 400, `a header of ${header} bytes`);
    }
  }));

Deno.test("a file of another vocabulary, or with lists that are none, is refused in a sentence", () =>
  withFolder(async (folder) => {
    const path = join(folder, "shortlist");
    writeShortlist(path, randomShortlist(30, 1));
    assertStringIncludes(
      await refusal(() => readShortlist(path, 31)),
      "expected the lists of 31 subwords, found 30",
    );
    const refused = async (
      shortlist: Partial<Record<"frequent" | "offsets" | "ids", number[]>>,
      part: string,
    ) => {
      const vectors = { frequent: [], offsets: [0, 1, 2], ids: [0, 1] };
      const tensors = Object.entries({ ...vectors, ...shortlist }).map((
        [name, values],
      ) => [name, {
        shape: [values.length],
        data: Int32Array.from(values),
      }]);
      writeSafetensors(path, Object.fromEntries(tensors));
      assertStringIncludes(await refusal(() => readShortlist(path, 2)), part);
    };
    await refused({ offsets: [1, 1, 2] }, "found 1 for subword 0");
    await refused({ offsets: [0, 2, 1] }, "found 1 for subword 2");
    await refused({ offsets: [0, 1, 3] }, "expected offsets up to its 2 ids");
    await refused({ ids: [0, 2] }, "expected ids below 2, found 2");
    await refused({ ids: [0, -1] }, "found -1");
    await refused({ frequent: [5] }, "found 5");
    writeSafetensors(path, {});
    assertStringIncludes(
      await refusal(() => readShortlist(path, 2)),
      `a tensor of ids "frequent"`,
    );
    assertStringIncludes(
      await refusal(() => readShortlist(join(folder, "none"), 2)),
      "none",
    );
  }));
