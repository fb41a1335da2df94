/** The Hub's official client in Python and `push` agree, through the server of these tests, in both directions. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { filesOf, hashFile } from "../../engine/files/hash.ts";
import { parseHubAddress } from "../../sharing/hub/address.ts";
import { type ModelFile, pushModel } from "../../sharing/hub/push_model.ts";
import { temporary } from "../fixtures/made_run.ts";
import { runPython, testWithPython } from "../fixtures/python.ts";
import { trainedStudent } from "../fixtures/trained.ts";
import { HASTY, SILENT } from "./fixtures/exchange.ts";
import { convertMarian } from "./fixtures/converted.ts";
import { pushTo } from "./fixtures/hub_push.ts";
import { type HubServer, startHub, TOKEN } from "./fixtures/hub_server.ts";

/** Large files by Git LFS, as `push` sends them. */
const CLIENT = `
import json, os, sys
given = json.load(sys.stdin)
os.environ.update(HF_HUB_DISABLE_XET="1", HF_HOME=given["home"])
import huggingface_hub
from huggingface_hub import HfApi
api = HfApi(endpoint=given["url"], token=given["token"])
repository, folder = given["repository"], given["folder"]
if given["does"] == "upload":
    api.create_repo(repository, private=True)
    api.upload_folder(repo_id=repository, folder_path=folder)
else:
    api.snapshot_download(repository, local_dir=folder)
licence = huggingface_hub.ModelCard.load(os.path.join(folder, "README.md")).data.license
print(json.dumps([api.list_repo_files(repository), api.model_info(repository).private, licence]))
`;

/** Runs the client on a repository of the server. */
async function client(
  python: string,
  hub: HubServer,
  given: {
    readonly does: "upload" | "download";
    readonly repository: string;
    readonly folder: string;
  },
): Promise<unknown> {
  using home = temporary();
  const access = { url: hub.url, token: TOKEN, home: home.path };
  return await runPython(python, CLIENT, { ...given, ...access });
}

/** The names of the files of a folder, with their hashes. */
async function hashesOf(folder: string): Promise<ModelFile[]> {
  return await Promise.all(
    filesOf(folder).map(async (name) => {
      const path = join(folder, name);
      return { name, path, ...await hashFile(path) };
    }),
  );
}

/** Finds a folder to have the files, byte by byte. */
async function assertHas(
  folder: string,
  files: readonly ModelFile[],
): Promise<void> {
  for (const { name, sha256 } of files) {
    assertEquals((await hashFile(join(folder, name))).sha256, sha256, name);
  }
}

testWithPython(
  "huggingface_hub",
  "what huggingface_hub uploaded is not pushed again, and it downloads what was pushed",
  async (python) => {
    const { exported } = await trainedStudent();
    const files = await hashesOf(exported);
    const names = files.map(({ name }) => name);
    using folder = temporary();
    await using hub = startHub();
    const access = { endpoint: hub.url, token: TOKEN };
    const push = (repository: string) => {
      const address = parseHubAddress(`hf://${repository}`);
      return pushModel(files, address, access, HASTY, SILENT);
    };
    const listed = [[".gitattributes", ...names], true, "other"];

    const uploaded = { repository: "ana/uploaded", folder: exported };
    assertEquals(
      await client(python, hub, { does: "upload", ...uploaded }),
      listed,
    );
    assertEquals(await push("ana/uploaded"), { objects: 0, bytes: 0 });

    assertEquals((await push("ana/pushed")).objects, names.length);
    const copy = join(folder.path, "copy");
    const pushed = { repository: "ana/pushed", folder: copy };
    assertEquals(
      await client(python, hub, { does: "download", ...pushed }),
      listed,
    );
    await assertHas(copy, files);
  },
);

testWithPython(
  "huggingface_hub",
  "it downloads a converted model that was pushed, and reads its licence",
  async (python) => {
    using folder = temporary();
    await using hub = startHub();
    const out = await convertMarian(folder.path, "CC-BY-4.0");
    const files = await hashesOf(out);
    const { code, err } = await pushTo(hub, ["hf://ana/small", "--model", out]);
    assertEquals(code, 0, err);
    const copy = join(folder.path, "copy");
    const pushed = { repository: "ana/small", folder: copy };
    const names = files.map(({ name }) => name);
    assertEquals(
      await client(python, hub, { does: "download", ...pushed }),
      [[".gitattributes", ...names], true, "cc-by-4.0"],
    );
    await assertHas(copy, files);
  },
);
