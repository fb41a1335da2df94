/** The version stands in deno.json; what repeats it repeats it right. */
import { assertEquals } from "@std/assert";
import { parse } from "@std/yaml";
import { z } from "zod";
import { read } from "./page.ts";

const { version, license } = JSON.parse(read("deno.json"));

Deno.test("CITATION.cff has the version and the licence of deno.json, and whom to cite", () => {
  const citation = z.object({
    "cff-version": z.literal("1.2.0"),
    message: z.string(),
    title: z.string(),
    authors: z.array(z.object({ name: z.string() })).min(1),
    version: z.string(),
    license: z.string(),
    references: z.array(z.object({ type: z.string(), title: z.string() })),
  }).parse(parse(read("CITATION.cff")));
  assertEquals([citation.version, citation.license], [version, license]);
});

Deno.test("the newest entry of the changelog is of this version", () => {
  const [, newest] = /^## (\S+)/m.exec(read("CHANGELOG.md")) ?? [];
  assertEquals(newest, version);
});
