/** Citations and licences of the data sets of a config. */
import { assertEquals } from "@std/assert";
import { Data } from "../../../../schemas/experiment/data.ts";
import { citedDataSets } from "../../../../nmt/text/descriptors/citations.ts";

const told = (data: unknown, source: string, target: string) =>
  citedDataSets(Data.parse(data), { source, target })
    .map((
      { name, licences },
    ) => [name, ...licences.map(({ licence }) => licence)]);

Deno.test("a data set is told with the licences of what is used of it, and the user's own files without any", () => {
  assertEquals(
    told(
      { descriptor: "npm-messages", sources: ["electerm", "scratch"] },
      "tr",
      "en",
    ),
    [["npm-messages", "BSD-3-Clause", "MIT"]],
  );
  assertEquals(
    told({ train: "my.tsv", additional: ["tatoeba"] }, "tr", "en"),
    [["tatoeba", "CC-BY 2.0 FR"], ["own-files"]],
  );
});

Deno.test("whom to cite is told as the descriptor has it", () => {
  const [{ citation, description }] = citedDataSets(
    Data.parse({ descriptor: "tatoeba" }),
    { source: "en", target: "tr" },
  );
  assertEquals(citation, ["Tatoeba, https://tatoeba.org, CC-BY 2.0 FR"]);
  assertEquals(
    description,
    "Short everyday sentences of Tatoeba in English and Turkish",
  );
});
