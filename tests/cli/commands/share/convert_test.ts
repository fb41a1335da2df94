/** The command `convert`: a small model of Marian's becomes a folder that translates, and what is none is refused. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { translateWith } from "../../../../nmt/decoding/translate.ts";
import { ExportConfig } from "../../../../schemas/exported_model.ts";
import { exists } from "../../../engine/fixtures/project.ts";
import { readShortlist } from "../../../../nmt/shortlist/shortlist.ts";
import { marianFile } from "../../../nmt/shortlist/made_shortlist.ts";
import { pipeline, ROOT } from "../../../fixtures/command.ts";
import { temporary } from "../../../fixtures/made_run.ts";
import { withFolder } from "../../../nmt/fixtures/folder.ts";
import {
  MADE_MODEL,
  SUBWORDS,
  writeDescribedFolder,
  writeMarianFolder,
} from "../../../nmt/imported/marian_folder.ts";

const languages = ["--from", "pt", "--to", "en"];

Deno.test("a converted folder has graphs in both precisions, subwords, configs, card and weights, which translate", () =>
  withFolder(async (folder) => {
    const [model, out] = [`${folder}/marian`, `${folder}/exported`];
    writeMarianFolder(model);
    const { code, out: printed, err } = await pipeline(
      ...["convert", model, ...languages, "--out", out, "--json"],
      ...["--licence", "CC-BY-4.0", "--name", "small"],
    );
    assertEquals(code, 0, err);
    assertEquals(JSON.parse(printed).format, "marian");
    const config = ExportConfig.parse(
      JSON.parse(Deno.readTextFileSync(`${out}/config.json`)),
    );
    assertEquals(config.vocabulary, SUBWORDS);
    assertEquals(config.system, "small");
    assertEquals(config.model, { ...config.model, ...MADE_MODEL });
    assertEquals(config.licences, [{ data: "marian", licence: "CC-BY-4.0" }]);
    assertEquals(config.ids.unk, 3);
    const card = Deno.readTextFileSync(`${out}/README.md`);
    assertStringIncludes(card, "license: cc-by-4.0");
    assertStringIncludes(card, "Its quality was not measured.");
    assert(!card.includes("knowledge-distillation"), card);
    assertEquals([...Deno.readDirSync(out)].map(({ name }) => name).sort(), [
      ...["README.md", "config.json", "fp32", "generation_config.json"],
      ...["int8", "model.safetensors", "onnx", "tokenizer.json"],
      "tokenizer_config.json",
    ]);
    const { lines } = await translateWith({
      runtime: { name: "onnx", provider: "cpu" },
      model: `${out}/model.safetensors`,
      tokenizer: `${out}/tokenizer.json`,
      sources: ["Uma menina.", ""],
      options: { beam: 1, lengthPenalty: 1, maximumLength: 5 },
    });
    assertEquals(lines.length, 2);
    assert(lines[0].length > 0);
  }));

Deno.test("the commands that follow name the folder as a path, in words of a shell", async () => {
  using folder = temporary();
  writeMarianFolder(`${folder.path}/marian`);
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--allow-all", `${ROOT}/cli/main.ts`],
      ...["convert", "marian", ...languages, "--out", "my teacher"],
    ],
    cwd: folder.path,
  }).output();
  assertEquals(code, 0);
  assertEquals(
    new TextDecoder().decode(stderr),
    "Translate with it: deno task translate --model './my teacher/model.safetensors'\n" +
      "On a page: deno task web --model './my teacher'; by HTTP: deno task serve --model './my teacher'\n",
  );
});

Deno.test("a short-list of the folder is in graphs, config, card and a file, unless it is left out; two are refused", () =>
  withFolder(async (folder) => {
    const model = `${folder}/marian`;
    writeMarianFolder(model);
    // Two of these subwords are of the import, before all but one of the file's.
    const lists = Array.from({ length: SUBWORDS - 2 }, (_, id) => [id, 9]);
    const list = `${model}/lex.5.2.pten.s2t.bin`;
    Deno.writeFileSync(list, marianFile({ first: 5, lists }));
    const convert = async (out: string, ...more: string[]) => {
      const { code, out: printed, err } = await pipeline(
        ...["convert", model, ...languages, "--out", out, "--json", ...more],
      );
      assertEquals(code, 0, err);
      const config = ExportConfig.parse(
        JSON.parse(Deno.readTextFileSync(`${out}/config.json`)),
      );
      const card = Deno.readTextFileSync(`${out}/README.md`);
      return { config, card, printed: JSON.parse(printed) };
    };
    const out = `${folder}/out`;
    const listed = await convert(out);
    assertEquals(listed.printed.shortlist, list);
    assertEquals(listed.config.shortlist, { frequent: 4, longest: 1 });
    assertStringIncludes(listed.card, "the\n4 most frequent ones");
    const path = `${out}/shortlist.safetensors`;
    const { ids } = readShortlist(path, SUBWORDS);
    assertEquals(new Set(ids), new Set([11]));
    const { lines } = await translateWith({
      runtime: { name: "onnx", provider: "cpu" },
      model: `${out}/model.safetensors`,
      tokenizer: `${out}/tokenizer.json`,
      shortlist: path,
      sources: ["Uma menina."],
      options: { beam: 1, lengthPenalty: 1, maximumLength: 5 },
    });
    assert(lines[0].length > 0);
    const plain = `${folder}/plain`;
    const left = await convert(plain, "--no-shortlist");
    assertEquals(left.printed.shortlist, undefined);
    assertEquals(left.config.shortlist, undefined);
    assert(!left.card.includes("short-list"), left.card);
    assert(!exists(`${plain}/shortlist.safetensors`));
    assert(left.config.bytes.int8 < listed.config.bytes.int8);
    Deno.copyFileSync(list, `${model}/lex.bin`);
    const refused = await pipeline(
      ...["convert", model, ...languages, "--out", `${folder}/two`],
    );
    assertEquals(refused.code, 2);
    assertStringIncludes(refused.err, "Cannot choose a short-list");
    assertEquals(refused.err.trim().split("\n").length, 1);
    assert(!exists(`${folder}/two`));
  }));

Deno.test("a folder that is there is left alone, and what is no model is refused, with nothing written", () =>
  withFolder(async (folder) => {
    const model = `${folder}/marian`, out = `${folder}/out`;
    writeMarianFolder(model);
    const refused = async (
      from: string,
      to: string,
      part: string,
      ...more: string[]
    ) => {
      const { code, out, err } = await pipeline(
        ...["convert", from, ...languages, "--out", to, ...more],
      );
      assertEquals({ code, out }, { code: 2, out: "" }, err);
      assertStringIncludes(err, part);
      assertEquals(err.trim().split("\n").length, 1, err);
    };
    await refused(model, model, "something is there already");
    await refused(folder, out, "expected Marian's .npz or .bin");
    await refused(`${folder}/none`, out, "found nothing there");
    await refused("tiny11-pt-eo", out, 'did you mean "tiny11-pt-en"');
    const { err } = await pipeline("convert", model, "--out", out);
    assertStringIncludes(err, "expected --from and --to");
    await refused(model, out, "<=64", "--beam", "1000");
    await refused(model, out, "lengthPenalty", "--length-penalty", "9");
    await refused(model, out, "printable", "--name", "a\nb");
    await refused(model, `${folder}/${"n".repeat(300)}`, "Cannot write to");
    await refused(model, `${model}/vocab.spm/out`, "Cannot write to");
    Deno.truncateSync(`${model}/model.npz`, 1000);
    await refused(model, out, "model.npz");
    assert(!exists(out));
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), [
      "marian",
    ]);
  }));

Deno.test("a described model comes from a mirror, with its languages and terms, and a file of other bytes is refused", () =>
  withFolder(async (folder) => {
    const mirror = `${folder}/mirror`, out = `${folder}/out`;
    const path = `${folder}/small.json`;
    writeDescribedFolder(mirror, path);
    const convert = () =>
      new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", "--allow-all", "cli/main.ts", "convert"]
          .concat([path, "--out", out]),
        cwd: ROOT,
        env: { CKD_MIRRORS: mirror },
      }).output();
    const { success, stderr } = await convert();
    assert(success, new TextDecoder().decode(stderr));
    const { languages, system, licences } = ExportConfig.parse(
      JSON.parse(Deno.readTextFileSync(`${out}/config.json`)),
    );
    assertEquals(languages, { source: "pt", target: "en" });
    assertEquals(system, "small");
    assertEquals(licences, [{ data: "small", licence: "CC0-1.0" }]);
    Deno.removeSync(out, { recursive: true });
    Deno.writeTextFileSync(`${mirror}/vocab.spm`, "another file");
    const refused = await convert();
    assertEquals(refused.code, 2);
    const said = new TextDecoder().decode(refused.stderr);
    assertStringIncludes(said, `Cannot find "vocab.spm"`);
    assert(!exists(out));
  }));
