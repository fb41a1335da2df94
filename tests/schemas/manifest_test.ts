/** Manifests of the form before are read, checked and compared as those of today are. */
import { assert, assertEquals } from "@std/assert";
import { checkManifest } from "../../engine/provenance/trust_policy.ts";
import { differenceOf } from "../../engine/provenance/diff.ts";
import { canonical } from "../../engine/files/hash.ts";
import { changes } from "../../engine/keys/key.ts";
import {
  MANIFEST_SCHEMA,
  parseManifest,
  salvageManifest,
} from "../../schemas/manifest.ts";
import { assertInputError } from "../fixtures/input_error.ts";

const RESULTS = new URL("../../artifacts/results/", import.meta.url);

const committed = [...Deno.readDirSync(RESULTS)].map(({ name }) => name).sort()
  .map((name) => {
    const url = new URL(`${name}/manifest.json`, RESULTS);
    return { name, text: Deno.readTextFileSync(url) };
  });

/** Two nodes of a manifest of the form before, as a run wrote them but for the line breaks. */
const EARLIER = {
  name: "schema 1",
  text: canonical(JSON.parse(Deno.readTextFileSync(
    new URL("fixtures/manifest_1.json", import.meta.url),
  ))) + "\n",
};
const earlier = parseManifest(EARLIER.text, EARLIER.name);

for (const { name, text } of [...committed, EARLIER]) {
  Deno.test(`the committed manifest of ${name} is read and holds together`, () => {
    const manifest = checkManifest(text, name);
    assert(Object.keys(manifest.nodes).length > 0);
    assertEquals(parseManifest(text, name), manifest);
    assertEquals(salvageManifest(text, name), manifest);
  });
}

Deno.test("a manifest of the form before is compared with itself, and with one of today's form", () => {
  const [today] = committed.map(({ name, text }) => parseManifest(text, name));
  assertEquals([earlier.schema, today.schema], [1, MANIFEST_SCHEMA]);
  assertEquals(differenceOf(earlier, earlier).nodes.length, 0);
  assert(differenceOf(earlier, today).nodes.length > 0);
});

Deno.test("between the form before and today's, only what really changed is a reason", () => {
  const { preimage } = earlier.nodes.corpus;
  const { printer, ...code } = earlier.code[preimage.code];
  assert(printer !== undefined);
  const now = {
    preimage: {
      ...preimage,
      inputs: Object.fromEntries(
        Object.entries(preimage.inputs).map(([input, outputs]) => [
          input,
          Object.fromEntries(
            Object.entries(outputs).map((
              [output, hash],
            ) => [output, hash + "/"]),
          ),
        ]),
      ),
    },
    code: { ...code, resolutions: { zod: "npm:zod@4.6.7" } },
  };
  const then = { preimage, code: earlier.code[preimage.code] };
  assertEquals(changes(then, now, "stages/x.ts"), [
    "code recorded by a version that did not know what imports resolve to",
  ]);
  const seeded = { ...now, preimage: { ...now.preimage, seed: 77 } };
  assertEquals(changes(then, seeded, "stages/x.ts"), [
    `seed ${preimage.seed} -> 77`,
    "code recorded by a version that did not know what imports resolve to",
  ]);
});

Deno.test("a manifest with values deeper in each other than recursion goes is refused, and one of the folder's own is none", () => {
  const deep = EARLIER.text.replace(
    /"experiment":\{/,
    `$&"value":${"[".repeat(20_000)}${"]".repeat(20_000)},`,
  );
  assertInputError(
    () => parseManifest(deep, "it.json"),
    'Cannot read manifest "it.json": its values lie deeper in each other than 64',
  );
  assertEquals(salvageManifest(deep, "it.json"), undefined);
});

Deno.test("of a manifest one of whose records is damaged, the others are read", () => {
  const [{ name, text }] = committed;
  const value = JSON.parse(text);
  const [lost, ...kept] = Object.keys(value.nodes);
  value.nodes[lost].outputs = 7;
  const salvaged = salvageManifest(JSON.stringify(value), name);
  assertEquals(Object.keys(salvaged?.nodes ?? {}), kept);
  for (const text of ["", "{", "[]", "null", "7", '{"schema":1}']) {
    assertEquals(salvageManifest(text, name), undefined);
  }
  assert(MANIFEST_SCHEMA > 1);
});
