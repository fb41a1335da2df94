/** The experiment `tiny` by the command line: from nothing, again, and with one changed value. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { inState, type NodeJson } from "../engine/fixtures/project.ts";
import { withFolder } from "../nmt/fixtures/folder.ts";
import { nodesOf } from "../nmt/fixtures/nodes.ts";
import { tarballs } from "../nmt/text/fixtures/tarballs.ts";

const ran = (nodes: readonly NodeJson[]) => inState(nodes, "ran");

const network = await tarballs("npm-messages");
const reason = network.missing === undefined
  ? ""
  : ` (ignored: ${network.missing})`;

Deno.test({
  name:
    `tiny runs from nothing, a second run does nothing, a student's beta reruns that student and what measures it${reason}`,
  ignore: network.missing !== undefined,
  fn: () =>
    withFolder(async (folder) => {
      const run = (...args: string[]) =>
        nodesOf("run", "--experiment", "tiny", "--artifacts", folder, ...args);
      const first = await run();
      assertEquals(first.length, 18);
      assertEquals(ran(first).length, 18);
      const metrics = Object.fromEntries(
        first.map(({ name, metrics }) => [name, metrics]),
      );
      for (const system of ["no-kd", "rkd", "ckd-regular"]) {
        const { parameters, bleu, chrf, signature, sentencesPerSecond, bytes } =
          metrics[`evaluate:${system}`];
        assert(
          Number(parameters) <=
            0.5 * Number(metrics["evaluate:teacher"].parameters),
        );
        for (const figure of [bleu, chrf, sentencesPerSecond, bytes]) {
          assert(Number.isFinite(figure));
        }
        assertMatch(
          String(signature),
          /^nrefs:1\|case:mixed\|eff:no\|tok:13a\|smooth:exp\|/,
        );
      }
      const manifest = Deno.readTextFileSync(`${folder}/manifest.json`);

      assertEquals(ran(await run()), []);
      assert(Deno.readTextFileSync(`${folder}/manifest.json`) === manifest);

      const changed = await run("--set", "students.ckd-regular.beta=0.3");
      assertEquals(ran(changed), [
        "student:ckd-regular",
        "evaluate:ckd-regular",
        "export:ckd-regular",
        "compare",
      ]);

      const hash = (nodes: readonly NodeJson[]) =>
        nodes.find(({ name }) => name === "student:no-kd")?.outputs.model
          .sha256;
      const again = await run("--only", "student:no-kd", "--force");
      assertEquals(ran(again), ["student:no-kd"]);
      assertEquals(hash(again), hash(first));
    }),
});
