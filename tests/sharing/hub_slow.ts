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
import { startHub, TOKEN } from "./fixtures/hub_server.ts";

/** Large files by Git LFS, as `push` sends them. */
const CLIENT = `
import json, os, sys
given = json.load(sys.stdin)
os.environ.update(HF_HUB_DISABLE_XET="1", HF_HOME=given["home"])
from huggingface_hub import HfApi
api = HfApi(endpoint=given["url"], token=given["token"])
repository, folder = given["repository"], given["folder"]
if given["does"] == "upload":
    api.create_repo(repository, private=True)
    api.upload_folder(repo_id=repository, folder_path=folder)
else:
    api.snapshot_download(repository, local_dir=folder)
print(json.dumps([api.list_repo_files(repository), api.model_info(repository).private]))
`;

testWithPython(
  "huggingface_hub",
  "what huggingface_hub uploaded is not pushed again, and it downloads what was pushed",
  async (python) => {
    const { exported } = await trainedStudent();
    const names = filesOf(exported);
    const files = await Promise.all(names.map(async (name) => {
      const path = join(exported, name);
      return { name, path, ...await hashFile(path) } satisfies ModelFile;
    }));
    using folder = temporary();
    await using hub = startHub();
    const access = { endpoint: hub.url, token: TOKEN };
    const client = (
      does: "upload" | "download",
      repository: string,
      at: string,
    ) =>
      runPython(python, CLIENT, {
        ...{ does, repository, url: hub.url, token: TOKEN },
        ...{ folder: at, home: folder.path },
      });
    const push = (repository: string) => {
      const address = parseHubAddress(`hf://${repository}`);
      return pushModel(files, address, access, HASTY, SILENT);
    };
    const listed = [[".gitattributes", ...names], true];

    assertEquals(await client("upload", "ana/uploaded", exported), listed);
    assertEquals(await push("ana/uploaded"), { objects: 0, bytes: 0 });

    assertEquals((await push("ana/pushed")).objects, names.length);
    const copy = join(folder.path, "copy");
    assertEquals(await client("download", "ana/pushed", copy), listed);
    for (const { name, sha256 } of files) {
      assertEquals((await hashFile(join(copy, name))).sha256, sha256);
    }
  },
);
