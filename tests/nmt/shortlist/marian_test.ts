/** Marian's binary short-lists: the ids that a model has here, and files that are refused. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import {
  findMarianShortlist,
  readMarianShortlist,
} from "../../../nmt/shortlist/marian.ts";
import { withFolder } from "../fixtures/folder.ts";
import { refusal } from "../fixtures/refusal.ts";
import { joined } from "../imported/made.ts";
import { type MadeFile, marianFile } from "./made_shortlist.ts";

/** `</s>`, `<unk>`, a, b, padding and c in the file; one more piece here, which the file lacks. */
const MODEL = {
  ids: Int32Array.of(2, 3, 4, 5, 0, 6),
  vocabulary: 8,
  unknown: 3,
  known: 7,
};
const LISTS = [[], [0, 2, 5], [3], [2, 3, 5], [], [0, 1, 3]];

function read(file: MadeFile | Uint8Array) {
  return withFolder((folder) => {
    const path = join(folder, "lex.bin");
    Deno.writeFileSync(
      path,
      file instanceof Uint8Array ? file : marianFile(file),
    );
    return readMarianShortlist(path, MODEL);
  });
}

Deno.test("ids become those that the model has here, and a piece that the file lacks has the list of what is unknown", async () => {
  const { frequent, offsets, ids } = await read({ first: 3, lists: LISTS });
  assertEquals([...frequent], [3, 4]);
  const lists = Array.from(
    { length: MODEL.vocabulary },
    (_, id) => [...ids.slice(offsets[id], offsets[id + 1])],
  );
  assertEquals(lists, [[], [], [], [6], [5], [6], [5], [6]]);
  const few = await read({ first: 99, lists: LISTS });
  assertEquals([...few.frequent], [3, 4, 5, 6]);
});

Deno.test("a file that is no short-list, damaged, or of another vocabulary is refused in a sentence", async () => {
  const refused = async (file: MadeFile | Uint8Array, part: string) =>
    assertStringIncludes(await refusal(() => read(file)), part);
  const whole = marianFile({ lists: LISTS });
  await refused(new Uint8Array(0), "--no-shortlist");
  await refused({ lists: LISTS, magic: 5n }, "--no-shortlist");
  await refused(whole.slice(0, 40), "expected a header of 48 bytes, found 40");
  await refused(whole.slice(0, -4), `found ${whole.length - 4}`);
  await refused(joined(whole, whole), `found ${2 * whole.length}`);
  await refused({ lists: LISTS, checksum: 1n }, "expected the checksum 1, ");
  const changed = whole.slice();
  changed[48 + 8 * 7]++;
  await refused(changed, "checksum");
  const ends = [0, 0, 3, 4, 7, 7, 10];
  await refused(
    { lists: LISTS, offsets: ends.with(3, 2) },
    "expected offsets that ascend from 0, found 2 for subword 3",
  );
  await refused({ lists: LISTS, offsets: ends.with(6, 11) }, "its 10 ids");
  await refused({ lists: LISTS, offsets: ends.with(6, 9) }, "its 10 ids");
  await refused({ lists: LISTS, offsets: ends.with(0, 2 ** 31) }, "ascend");
  await refused({ lists: LISTS.with(2, [6]) }, "ids below 6, found 6");
  await refused({ lists: LISTS.with(2, [2 ** 32 - 1]) }, "found -1");
  await refused({ lists: [...LISTS, []] }, "lists of 6 subwords, found 7");
  await refused({ lists: LISTS.slice(1) }, "lists of 6 subwords, found 5");
  await refused({ lists: [], offsets: [] }, "lists of 6 subwords, found 0");
});

Deno.test("a folder has one short-list or none, and two are refused in a sentence", () =>
  withFolder(async (folder) => {
    const write = (name: string) =>
      Deno.writeFileSync(join(folder, name), marianFile({ lists: LISTS }));
    write("model.bin");
    assertEquals(findMarianShortlist(folder), undefined);
    write("lex.50.50.pten.s2t.bin");
    assertEquals(
      findMarianShortlist(folder),
      join(folder, "lex.50.50.pten.s2t.bin"),
    );
    write("lex.bin");
    assertStringIncludes(
      await refusal(() => findMarianShortlist(folder)),
      '"lex.50.50.pten.s2t.bin" and "lex.bin"',
    );
  }));
