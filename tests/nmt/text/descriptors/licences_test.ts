/** Parsing the wording of licences: identifiers, URLs, permitted use. */
import { assertEquals } from "@std/assert";
import {
  narrowest,
  parseLicence,
} from "../../../../nmt/text/descriptors/licences.ts";
import { DESCRIPTORS } from "../fixtures/descriptors.ts";

Deno.test("licences are told by their SPDX identifier and address where their wording has one, and by their use", () => {
  const told = [
    "MIT",
    "MPL-2.0",
    "CC-BY 2.0 FR",
    "CC BY-NC-ND 4.0 (TED)",
    "research use (captions of Flickr30k)",
    "licences of the Debian packages, mostly GPL and LGPL",
    "no licence of this name 9.9",
    "for non-commercial projects",
  ].map((wording) => {
    const { use, spdx, url } = parseLicence(wording);
    return [use, spdx, url];
  });
  assertEquals(told, [
    ["any", "MIT", "https://spdx.org/licenses/MIT"],
    ["any", "MPL-2.0", "https://spdx.org/licenses/MPL-2.0"],
    ["any", undefined, "https://creativecommons.org/licenses/by/2.0/fr/"],
    [
      "non-commercial",
      "CC-BY-NC-ND-4.0",
      "https://creativecommons.org/licenses/by-nc-nd/4.0/",
    ],
    ["research", undefined, undefined],
    ["any", undefined, undefined],
    ["any", undefined, undefined],
    ["non-commercial", undefined, undefined],
  ]);
});

Deno.test("what all of some licences are of may be used as the narrowest of them says", () => {
  const use = (...wordings: string[]) => narrowest(wordings.map(parseLicence));
  assertEquals(use(), "any");
  assertEquals(use("MIT", "MPL-2.0"), "any");
  assertEquals(use("MIT", "CC BY-NC-ND 4.0"), "non-commercial");
  assertEquals(use("CC BY-NC 4.0", "research use", "MIT"), "research");
});

Deno.test("of the data sets that come with the project, Multi30k and WMT are for research and TED is not commercial", () => {
  const found = Object.fromEntries(
    Object.entries(DESCRIPTORS).map(([set, { files, sources }]) => {
      const packages = sources.flatMap((source) =>
        "packages" in source ? source.packages : []
      );
      const licences = [...packages, ...files].map(({ licence }) => licence);
      return [set, narrowest(licences.map(parseLicence))];
    }),
  );
  assertEquals(found, {
    "debian-messages": "any",
    "libreoffice-help": "any",
    multi30k: "research",
    "multi30k-2017": "research",
    "npm-messages": "any",
    tatoeba: "any",
    "ted-pt-en": "non-commercial",
    "ted-tr-en": "non-commercial",
    "wmt14-en-de": "research",
  });
});
