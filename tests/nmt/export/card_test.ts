/** Model cards: the permitted use of a model by the licences of its data. */
import { assert, assertMatch, assertStringIncludes } from "@std/assert";
import { type Card, card } from "../../../nmt/export/model_card.ts";
import { Model } from "../../../schemas/experiment/model.ts";
import { parseLicence } from "../../../nmt/text/descriptors/licences.ts";

const account = (
  name: string,
  ...licences: string[]
): Card["data"][number] => ({
  name,
  description: `Text: "${name}" # no comment`,
  citation: [`Who made ${name}`],
  licences: licences.map(parseLicence),
});

const cardOf = (...data: Card["data"]) =>
  card({
    system: "rkd",
    languages: { source: "no", target: "en" },
    model: Model.parse({}),
    parameters: 1_234_567,
    vocabulary: 8000,
    maximumLength: 1023,
    data,
  });

Deno.test("one licence of all data is the one that hubs are told; several, or one they do not know, are other", () => {
  assertMatch(
    cardOf(account("a", "MIT"), account("b", "MIT")),
    /^license: mit$/m,
  );
  for (
    const data of [
      [account("a", "MIT", "MPL-2.0")],
      [account("a", "MIT"), account("own-files")],
      [account("a", "licences of its packages")],
      [account("own-files")],
    ]
  ) {
    const told = cardOf(...data);
    assertMatch(told, /^license: other\nlicense_name: as-its-data$/m);
    assert(!told.includes("> **"));
  }
});

Deno.test("hubs are told a language without its region, and the whole code beside it", () => {
  const told = card({
    ...{ system: "rkd", model: Model.parse({}), data: [] },
    languages: { source: "pt-BR", target: "en" },
    ...{ parameters: 1, vocabulary: 8000, maximumLength: 1023 },
  });
  assertMatch(
    told,
    /^language:\n {2}- pt\n {2}- en\nlanguage_bcp47:\n {2}- pt-BR\n {2}- en$/m,
  );
  assert(!cardOf().includes("language_bcp47"));
});

Deno.test("research use of some of the data restricts the model, and the card names the terms that do", () => {
  const told = cardOf(
    account("a", "MIT"),
    account("b", "research use (b)"),
    account("c", "CC BY-NC 4.0"),
  );
  assertMatch(told, /^license_name: research-only$/m);
  assertMatch(
    told,
    /^> \*\*For research only\.\*\* .*: research use \(b\)\.$/m,
  );
  const noncommercial = cardOf(
    account("c", "CC BY-NC 4.0"),
    account("a", "MIT"),
  );
  assertMatch(noncommercial, /^license_name: non-commercial-only$/m);
  assertMatch(noncommercial, /^> \*\*Not for commercial use\.\*\*/m);
});

Deno.test("metadata is YAML whatever it holds, own files are no data set of a hub, and what is not known is said", () => {
  const told = cardOf(account("a", "MIT"), account("own-files"));
  // A bare "no" would be false.
  assertMatch(told, /^ {2}- ['"]no['"]$/m);
  assertMatch(told, /^datasets:\n {2}- a\n(?! {2}-)/m);
  assertStringIncludes(told, "- licence: not known to this card");
  assertStringIncludes(told, "- to be named: Who made a");
  assertMatch(told, /1,234,567 parameters/);
});
