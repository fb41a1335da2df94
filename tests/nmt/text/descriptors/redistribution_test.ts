import { assertEquals } from "@std/assert";
import { whyNotPassedOn } from "../../../../nmt/text/descriptors/redistribution.ts";

Deno.test("what may not be passed on, or not when it is changed, is told from the wordings that are in use", () => {
  const forbidding = {
    "is not stated": ["not stated", "Unknown", "NOASSERTION"],
    "does not allow copies": [
      ...["All rights reserved", "Not for redistribution", "UNLICENSED"],
      ...["cannot be redistributed", "you don't get to redistribute it"],
      ...["Redistribution is prohibited", "distribution not permitted"],
    ],
    "does not allow changed copies": [
      ...["CC BY-NC-ND 4.0", "CC-BY-ND-4.0", "CC Attribution-NoDerivs 3.0"],
      ...["NoDerivatives", "no derivative works"],
    ],
  };
  for (const [why, wordings] of Object.entries(forbidding)) {
    for (const wording of wordings) {
      assertEquals(whyNotPassedOn(wording), why, wording);
    }
  }
  for (
    const wording of [
      ...["MIT", "CC BY-NC-SA 4.0", "research use (WMT 2014)", "Unlicense"],
      "may be redistributed without any restriction on distribution",
      "redistribution is not restricted",
    ]
  ) assertEquals(whyNotPassedOn(wording), undefined, wording);
});
