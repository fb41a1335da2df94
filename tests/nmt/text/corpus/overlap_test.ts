/** How many pairs of a further test set the training text has a side of. */
import { assertEquals } from "@std/assert";
import { lineOf } from "../../../../nmt/text/corpus/cleaning.ts";
import { pairsInTrain } from "../../../../nmt/text/corpus/overlap.ts";
import { withFolder } from "../../fixtures/folder.ts";

Deno.test("a test pair counts where train has its source or its target, but for case, tags and numbers", () =>
  withFolder(async (folder) => {
    const write = (name: string, pairs: readonly [string, string][]) => {
      const path = `${folder}/${name}`;
      const lines = pairs.map(([source, target]) =>
        lineOf({ source, target }) + "\n"
      );
      Deno.writeTextFileSync(path, lines.join(""));
      return path;
    };
    const train = write("train.tsv", [
      ["Página 3", "Page 3"],
      ["Um cão corre", "A dog runs"],
      ["<b>Abrir</b>", "Open"],
    ]);
    const test = write("test.tsv", [
      ["página 12!", "Sheet 12"],
      ["Corre um cão", "A dog runs."],
      ["Um gato", "A cat"],
      ["Abrir", "Unlock"],
    ]);
    assertEquals(await pairsInTrain(test, train), 3);
  }));
