/** `push` of a public model that was converted: its files, its card, and terms under which nobody may share it. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join, relative } from "@std/path";
import { modelForOthers } from "../../apps/converted_model.ts";
import { filesOf } from "../../engine/files/hash.ts";
import { parseHubAddress } from "../../sharing/hub/address.ts";
import { pushModel } from "../../sharing/hub/push_model.ts";
import { withFolder } from "../nmt/fixtures/folder.ts";
import { convertMarian } from "./fixtures/converted.ts";
import { HASTY, SILENT } from "./fixtures/exchange.ts";
import { pushTo } from "./fixtures/hub_push.ts";
import { startHub, TOKEN } from "./fixtures/hub_server.ts";

const REPOSITORY = "ana/small.pt-en";
const ADDRESS = `hf://${REPOSITORY}`;

Deno.test("a converted folder is sent with its card, and what is not of it stays here", () =>
  withFolder(async (folder) => {
    await using hub = startHub();
    const out = await convertMarian(folder, "CC-BY-4.0");
    const names = filesOf(out);
    Deno.writeTextFileSync(join(out, "notes.txt"), "of the user");
    const pushed = await pushTo(hub, [ADDRESS, "--model", out]);
    assertEquals(pushed.code, 0, pushed.err);
    assertStringIncludes(
      pushed.out,
      `Pushed "${out}" to "${ADDRESS}": ${names.length} objects of `,
    );
    assertStringIncludes(pushed.err, `${names.length} files of `);
    assertStringIncludes(
      pushed.err,
      'not sent, as convert did not write it: "notes.txt"',
    );
    assert(hub.isPrivate(REPOSITORY));
    const there = hub.files(REPOSITORY) ?? new Map();
    assertEquals(
      [...there.keys()].toSorted(),
      [".gitattributes", ...names].toSorted(),
    );
    const card = new TextDecoder().decode(there.get("README.md"));
    assertStringIncludes(card, "license: cc-by-4.0");
    assertStringIncludes(card, "**marian**: A public model");
    const again = await pushTo(hub, [ADDRESS, "--model", out, "--json"]);
    assertEquals(JSON.parse(again.out), {
      model: out,
      remotes: [{ remote: ADDRESS, objects: 0, bytes: 0 }],
    });
  }));

Deno.test("each file of a converted model is read once to be checked, and once to be sent", () =>
  withFolder(async (folder) => {
    await using hub = startHub();
    const out = await convertMarian(folder, "CC-BY-4.0");
    const reads = new Map<string, number>();
    const { open, readFileSync } = Deno;
    const count = (path: string | URL) => {
      const name = relative(out, String(path));
      reads.set(name, (reads.get(name) ?? 0) + 1);
    };
    Deno.open = (path, options) => (count(path), open(path, options));
    Deno.readFileSync = (path) => (count(path), readFileSync(path));
    try {
      const { files } = await modelForOthers(out);
      await pushModel(
        files,
        parseHubAddress(ADDRESS),
        { endpoint: hub.url, token: TOKEN },
        ...[HASTY, SILENT] as const,
      );
      for (const { name } of files) {
        // Of what is small, the Hub has Git's hash, which is compared.
        const isLarge = /\.(onnx|safetensors)$/.test(name);
        assertEquals(reads.get(name), isLarge ? 2 : 3, name);
      }
    } finally {
      Object.assign(Deno, { open, readFileSync });
    }
  }));

Deno.test("a converted folder whose licence is missing or forbids it, that is damaged or goes elsewhere is refused, and nothing sent", () =>
  withFolder(async (folder) => {
    await using hub = startHub();
    const refused = async (
      words: readonly string[],
      ...parts: readonly string[]
    ) => {
      const { code, out, err } = await pushTo(hub, words);
      assertEquals({ code, out }, { code: 2, out: "" }, err);
      for (const part of parts) assertStringIncludes(err, part);
      assertEquals(err.trim().split("\n").length, 1, err);
    };
    const out = await convertMarian(folder, undefined);
    const words = [ADDRESS, "--model", out];
    await refused(
      words,
      `Cannot push "${out}": the licence of "small" is not stated, and without one nobody may pass it on; find its terms, and convert it again with --licence.`,
    );
    const path = join(out, "config.json");
    const config = JSON.parse(Deno.readTextFileSync(path));
    const license = (licence: string) =>
      Deno.writeTextFileSync(
        path,
        JSON.stringify({ ...config, licences: [{ data: "marian", licence }] }),
      );
    for (
      const [licence, why] of [
        ["not stated", "is not stated"],
        ["CC BY-NC-ND 4.0", "does not allow changed copies"],
        ["Not for redistribution", "does not allow copies"],
        ["All rights reserved", "does not allow copies"],
      ]
    ) {
      license(licence);
      await refused(words, why);
    }
    license("CC-BY-4.0");
    await refused(
      words,
      `Cannot push "${out}": its card, README.md, does not name "CC-BY-4.0"; name the model and its licence there, or convert it again.`,
    );
    Deno.writeTextFileSync(join(out, "README.md"), "marian, CC-BY-4.0");
    await refused(
      [...words, "export:rkd"],
      '"export:rkd"',
      "expected hf://USER/NAME and no more",
    );
    await refused([...words, folder], "goes to the Hub alone");
    await refused([...words, "--force"], "--force");
    await refused([ADDRESS, "--model", folder], "expected config.json");
    Deno.renameSync(join(out, "model.safetensors"), join(folder, "weights"));
    await refused(words, "model.safetensors", "no such file");
    Deno.renameSync(join(folder, "weights"), join(out, "model.safetensors"));
    Deno.truncateSync(join(out, "int8/translate.onnx"), 100);
    await refused(words, "int8/translate.onnx", "damaged");
    assertEquals(hub.requests, []);
  }));
