/** Tests of the descriptors of `data/` and of what a config selects from them. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { isInputError } from "../../schemas/errors.ts";
import { Data, type Languages } from "../../schemas/data.ts";
import { Descriptor } from "../../schemas/descriptor.ts";
import { descriptorPath, select, tarballName } from "../../text/descriptors.ts";
import { dataFiles } from "../../text/files.ts";

const PT_EN: Languages = { source: "pt", target: "en" };

function fault(data: unknown, languages: Languages = PT_EN): string {
  const error = assertThrows(() => dataFiles(Data.parse(data), languages));
  assert(isInputError(error), String(error));
  return error.message;
}

Deno.test("every descriptor follows its schema, is named by its file, and has all its languages in every source", async () => {
  const folder = new URL("../../data/", import.meta.url);
  let found = 0;
  for await (const { name } of Deno.readDir(folder)) {
    const descriptor = Descriptor.parse(
      JSON.parse(await Deno.readTextFile(new URL(name, folder))),
    );
    assertEquals(`${descriptor.name}.json`, name);
    for (const source of descriptor.sources) {
      const languages = source.packages.flatMap(({ files }) =>
        Object.keys(files)
      );
      assertEquals(
        [...new Set(languages)].sort(),
        [...descriptor.languages].sort(),
        source.label,
      );
    }
    const tarballs = descriptor.sources.flatMap(({ packages }) =>
      packages.map(tarballName)
    );
    assertEquals(new Set(tarballs).size, tarballs.length);
    found++;
  }
  assert(found > 0);
});

Deno.test("only the packages of the selected sources and languages are needed", () => {
  const data = Data.parse({
    descriptor: "npm-messages",
    sources: ["vscode", "electerm"],
  });
  assertEquals(
    select("npm-messages", data, PT_EN).packages.map(({ name }) => name),
    [
      "@codingame/monaco-vscode-language-pack-qps-ploc",
      "@codingame/monaco-vscode-language-pack-pt-br",
      "@electerm/electerm-locales",
    ],
  );
  assertEquals(
    select("npm-messages", data, { source: "tr", target: "de" }).packages.map((
      { name },
    ) => name),
    [
      "@codingame/monaco-vscode-language-pack-tr",
      "@codingame/monaco-vscode-language-pack-de",
      "@electerm/electerm-locales",
    ],
  );
});

Deno.test("an unknown data set, source or language is an input error with what is known", () => {
  assertEquals(
    fault({ descriptor: "npm-mesages" }),
    'Cannot use data set "npm-mesages": data/ has no such descriptor, did you mean "npm-messages"?',
  );
  assertEquals(
    fault({ descriptor: "npm-messages", sources: ["vscode", "typoscript"] }),
    'Cannot use source "typoscript" of data set "npm-messages": it has no such source, did you mean "typescript"?',
  );
  assertEquals(
    fault({ descriptor: "npm-messages" }, { source: "fr", target: "en" }),
    'Cannot use language "fr" of data set "npm-messages": it has en, pt, tr, de.',
  );
  assertEquals(
    fault({ descriptor: "npm-messages" }, { source: "en", target: "en" }),
    'Cannot translate from "en" to the same language: expected two languages.',
  );
});

Deno.test("the files of a config are its descriptor, or the user's own files, each of which must be readable", async () => {
  const [descriptor] = dataFiles(
    Data.parse({ descriptor: "npm-messages" }),
    PT_EN,
  );
  assertEquals(
    await Deno.realPath(descriptor),
    await Deno.realPath(descriptorPath("npm-messages")),
  );
  const folder = await Deno.makeTempDir();
  const path = (name: string) => `${folder}/${name}`;
  for (const name of ["train.pt", "train.en", "test.tsv"]) {
    await Deno.writeTextFile(path(name), "a\tb\n");
  }
  const data = {
    train: { source: path("train.pt"), target: path("train.en") },
    test: path("test.tsv"),
  };
  assertEquals(
    dataFiles(Data.parse(data), PT_EN),
    ["train.pt", "train.en", "test.tsv"].map(path),
  );
  await Deno.remove(path("train.en"));
  assertEquals(
    fault(data),
    `Cannot read "${path("train.en")}": there is no such file.`,
  );
  await Deno.remove(folder, { recursive: true });
});
