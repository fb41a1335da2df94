/** The experiment `tiny` by the command line: from nothing, again, and with one changed value. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { tarballs } from "../nmt/text/fixtures/tarballs.ts";

const ROOT = fromFileUrl(new URL("../..", import.meta.url));

async function pipeline(...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "pipeline", ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

interface NodeJson {
  readonly name: string;
  readonly state: string;
  readonly metrics: Record<string, number | string>;
  readonly outputs: Record<string, { readonly sha256: string }>;
}

async function nodes(...args: string[]): Promise<NodeJson[]> {
  const { code, out, err } = await pipeline("run", "--json", ...args);
  assertEquals(code, 0, err);
  return JSON.parse(out).nodes;
}

const ran = (nodes: readonly NodeJson[]) =>
  nodes.filter(({ state }) => state === "ran").map(({ name }) => name);

const network = await tarballs("npm-messages");
const reason = network.missing === undefined
  ? ""
  : ` (ignored: ${network.missing})`;

Deno.test({
  name:
    `tiny runs from nothing, a second run does nothing, a student's beta reruns that student and what measures it${reason}`,
  ignore: network.missing !== undefined,
  fn: async () => {
    const folder = Deno.makeTempDirSync();
    const tiny = ["--experiment", "tiny", "--artifacts", folder];
    try {
      const first = await nodes(...tiny);
      assertEquals(first.length, 17);
      assertEquals(ran(first).length, 17);
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

      assertEquals(ran(await nodes(...tiny)), []);
      assert(Deno.readTextFileSync(`${folder}/manifest.json`) === manifest);

      const changed = await nodes(
        ...tiny,
        "--set",
        "students.ckd-regular.beta=0.3",
      );
      assertEquals(ran(changed), [
        "student:ckd-regular",
        "evaluate:ckd-regular",
        "export:ckd-regular",
        "compare",
      ]);

      const hash = (nodes: readonly NodeJson[]) =>
        nodes.find(({ name }) => name === "student:no-kd")?.outputs.model
          .sha256;
      const again = await nodes(...tiny, "--only", "student:no-kd", "--force");
      assertEquals(ran(again), ["student:no-kd"]);
      assertEquals(hash(again), hash(first));
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});
