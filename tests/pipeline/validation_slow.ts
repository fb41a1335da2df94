/** The validation pairs as a further test set, by the command line: what is explored on them leaves the test set unseen. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { z } from "zod";
import { pipeline } from "../fixtures/command.ts";
import { withFolder } from "../nmt/fixtures/folder.ts";

const Nodes = z.object({
  nodes: z.record(
    z.string(),
    z.object({
      outputs: z.record(z.string(), z.object({ sha256: z.string() })),
    }),
  ),
});

Deno.test("systems are compared on the validation pairs, and no test sentence is translated", () =>
  withFolder(async (folder) => {
    const given = ["--artifacts", `${folder}/artifacts`, "--experiment"];
    const run = await pipeline(
      ...["run", "validation/*", ...given, "tiny"],
      ...["--set", "testSets.validation.part=validation"],
      ...["--set", "teacher.training.steps=20"],
      ...["--set", "student.training.steps=20"],
    );
    assertEquals(run.code, 0, run.err);
    const { nodes } = Nodes.parse(
      JSON.parse(
        await Deno.readTextFile(`${folder}/artifacts/manifest.json`),
      ),
    );
    const evaluated = Object.keys(nodes)
      .filter((name) => /(^|\/)(evaluate|export):/.test(name));
    assert(evaluated.length > 1);
    assert(evaluated.every((name) => name.startsWith("validation/")));
    assertEquals(
      nodes["validation/validation"].outputs.test,
      nodes.corpus.outputs.validation,
    );
    const shown = await pipeline("results", ...given, "tiny");
    assertEquals(shown.code, 0, shown.err);
    assertMatch(shown.out, /validation/);
    assertMatch(shown.out, /teacher/);
  }));

Deno.test("a part that is no test set is refused in one sentence", () =>
  withFolder(async (folder) => {
    const { code, err } = await pipeline(
      ...["run", "--artifacts", `${folder}/artifacts`, "--experiment", "tiny"],
      ...["--set", "testSets.more.part=train"],
    );
    assertEquals(code, 2);
    assertEquals(err.trim().split("\n").length, 1, err);
    assertMatch(err, /testSets\.more/);
  }));
