/** Joined corpora of several source languages: all pairs, but for those whose target is held out in any language. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { refusal } from "../../fixtures/refusal.ts";
import { withFolder } from "../../fixtures/folder.ts";
import { stageContext } from "../../fixtures/stage_context.ts";
import joinStage from "../../../../stages/corpora/join.ts";

type Lines = Record<"train" | "validation" | "test", readonly string[]>;

async function joined(
  folder: string,
  corpora: Record<string, Lines>,
  markup?: "keep",
) {
  const paths = Object.fromEntries(
    Object.entries(corpora).map(([name, parts]) => [
      name,
      Object.fromEntries(
        Object.entries(parts).map(([part, lines]) => {
          const path = join(folder, `${name.replace(":", ".")}.${part}.tsv`);
          Deno.writeTextFileSync(
            path,
            lines.map((line) => `${line}\n`).join(""),
          );
          return [part, path];
        }),
      ),
    ]),
  );
  const outputs = {
    train: join(folder, "train.tsv"),
    validation: join(folder, "validation.tsv"),
  };
  const { metrics } = await joinStage.run({
    ...stageContext(folder),
    config: { markup },
    inputs: paths as Parameters<typeof joinStage.run>[0]["inputs"],
    outputs,
  });
  const read = (path: string) =>
    Deno.readTextFileSync(path).split("\n").slice(0, -1);
  return {
    metrics,
    train: read(outputs.train),
    validation: read(outputs.validation),
  };
}

const PT: Lines = {
  train: ["<2pt> um\tone", "<2pt> dois\ttwo", "<2pt> três\tThree!"],
  validation: ["<2pt> quatro\tfour", "<2pt> cinco\tfive"],
  test: ["<2pt> seis\tsix"],
};
const TR: Lines = {
  train: ["<2tr> bir\tone", "<2tr> dört\tFour.", "<2tr> altı\tSix {0}"],
  validation: ["<2tr> altı\tsix", "<2tr> yedi\tseven"],
  test: ["<2tr> üç\tthree"],
};

Deno.test("pairs of all languages are joined, without those whose target is held out in one of them", () =>
  withFolder(async (folder) => {
    const { metrics, train, validation } = await joined(folder, {
      "corpus:tr": TR,
      corpus: PT,
    });
    assertEquals(train, ["<2pt> um\tone", "<2pt> dois\ttwo", "<2tr> bir\tone"]);
    assertEquals(validation, [
      ...PT.validation,
      "<2tr> yedi\tseven",
    ]);
    assertEquals(metrics, {
      ...{ train: 3, trainNearDuplicates: 3 },
      ...{ validation: 3, validationNearDuplicates: 1 },
    });
  }));

Deno.test("tags that a held-out target has are no part of the comparison, kept in train or not", () =>
  withFolder(async (folder) => {
    const corpora = {
      corpus: { ...PT, test: ["<2pt> seis\t<b>o</b>ne"] },
      "corpus:tr": TR,
    };
    for (const markup of ["keep", undefined] as const) {
      const { train } = await joined(folder, corpora, markup);
      assertEquals(train, ["<2pt> dois\ttwo"]);
    }
  }));

Deno.test("corpora of which one holds out all that the others have are refused", () =>
  withFolder(async (folder) => {
    const message = await refusal(() =>
      joined(folder, {
        corpus: { ...PT, train: ["<2pt> seis\tsix"] },
        "corpus:tr": { ...TR, train: ["<2tr> altı\tsix"] },
      })
    );
    assertEquals(
      message.split(":")[0],
      "Cannot join the corpora of the source languages",
    );
  }));
