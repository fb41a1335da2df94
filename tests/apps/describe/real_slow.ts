/** A data set that people train on, fetched and described: its reader finds all captions, and its card would say what it is for. */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { exists } from "../../engine/fixtures/project.ts";
import { ROOT, temporary } from "../../fixtures/made_run.ts";
import { findPython, runPython } from "../../fixtures/python.ts";
import { LOAD } from "./croissant.ts";

const CORPORA = Deno.env.get("CKD_CORPORA") ??
  fromFileUrl(new URL("../../../../shared/corpora", import.meta.url));
const isThere = exists(join(CORPORA, "multi30k/train.en.gz"));
const { python, missing } = findPython("mlcroissant");

Deno.test({
  name:
    `Multi30k is described as Croissant, from which mlcroissant loads its 31,014 pairs of captions${
      isThere
        ? ""
        : " [not run: multi30k/ is expected in the folder that CKD_CORPORA names]"
    }${missing ?? ""}`,
  ignore: !isThere || missing !== undefined,
  fn: async () => {
    using folder = temporary();
    const pipeline = async (...args: string[]) => {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [
          ...["run", "--quiet", "--allow-all", "cli/main.ts", ...args],
          ...["--experiment", "multi30k-en-de"],
          ...["--artifacts", join(folder.path, "artifacts")],
        ],
        cwd: ROOT,
        env: { CKD_MIRRORS: CORPORA },
      }).output();
      assertEquals(code, 0, new TextDecoder().decode(stderr));
      return new TextDecoder().decode(stdout);
    };
    await pipeline("run", "fetch", "--quiet");
    const out = join(folder.path, "described");
    const path = (await pipeline(
      ...["describe", "--format", "croissant", "--out", out],
    )).trim();
    const [{ warnings, records }] = Object(
      await runPython(python, LOAD, [path]),
    );
    assertEquals(warnings, []);
    const splits = Map.groupBy(
      records as readonly (readonly string[])[],
      ([, , split]) => split,
    );
    assertEquals(
      [...splits].map(([split, pairs]) => [split, pairs.length]),
      [["train", 29_000], ["validation", 1_014], ["test", 1_000]],
    );
    assertEquals(splits.get("test")?.[0], [
      "A man in an orange hat starring at something.",
      "Ein Mann mit einem orangefarbenen Hut, der etwas anstarrt.",
      "test",
    ]);
    const { license, citeAs } = JSON.parse(Deno.readTextFileSync(path));
    assertEquals(license, ["research use (captions of Flickr30k)"]);
    assert(citeAs.includes("W16-3210"));
  },
});
