/** An artifact folder for tests: a manifest of made-up nodes over real objects, without a run. */
import { assertEquals } from "@std/assert";
import { dirname, join } from "@std/path";
import { lstatIfThere, readIfThere } from "../../engine/atomic.ts";
import { canonical, sha256 } from "../../engine/hash.ts";
import { keyOf } from "../../engine/key.ts";
import {
  manifestPath,
  manifestText,
  writeManifest,
} from "../../engine/manifest.ts";
import { openProject } from "../../engine/project.ts";
import { signaturesPath } from "../../engine/signature.ts";
import { listObjects } from "../../engine/store.ts";
import { verify } from "../../engine/verify.ts";
import { openWorkspace, type Workspace } from "../../engine/workspace.ts";
import type { Artifact, Code, NodeRecord } from "../../schemas/manifest.ts";

/** Text of a file, or the files of a folder by path. */
export type Content = string | Uint8Array | { readonly [path: string]: string };

/** Nodes by name, each with its outputs. */
export type Nodes = Readonly<
  Record<string, Readonly<Record<string, Content>>>
>;

/** Files, folders, one inside another, an empty one, and the same bytes in several places. */
export const NODES: Nodes = {
  first: { model: "weights ".repeat(100), size: "17" },
  second: {
    lines: { "0.txt": "one\n", "deep/er/1.txt": "two\n", "2.txt": "" },
    nothing: {},
    copy: "one\n",
  },
  third: { lines: { "a.txt": "one\n", "b.txt": "17" } },
};

const CODE: Code = {
  modules: { "stages/made.ts": sha256("made") },
  packages: {},
  resolutions: {},
};
const CODE_HASH = sha256(canonical(CODE));

const project = openProject();

/** The artifact folder `folder` as a workspace. */
export function workspaceIn(folder: string): Workspace {
  return openWorkspace(folder, { project });
}

/** Writes nodes to an artifact folder; gives the text of its manifest. */
export async function makeArtifacts(
  folder: string,
  nodes: Nodes = NODES,
  experiment = "made",
): Promise<string> {
  const workspace = workspaceIn(folder);
  const records = new Map<string, NodeRecord>();
  for (const [name, contents] of Object.entries(nodes)) {
    const outputs: Record<string, Artifact> = {};
    for (const [output, content] of Object.entries(contents)) {
      outputs[output] = await placed(workspace, content);
    }
    records.set(name, recordOf(name, outputs));
  }
  const text = manifestText(
    { name: experiment, value: {} },
    records,
    new Map([[CODE_HASH, CODE]]),
  );
  writeManifest(folder, text);
  workspace.index.save();
  return text;
}

export function recordOf(
  stage: string,
  outputs: Readonly<Record<string, Artifact>>,
): NodeRecord {
  const preimage = {
    stage,
    code: CODE_HASH,
    config: {},
    inputs: {},
    files: {},
    seed: 0,
    environment: null,
  };
  return {
    key: keyOf(preimage),
    preimage,
    inputs: {},
    outputs,
    metrics: { lines: 3 },
  };
}

async function placed(
  { folder, store }: Workspace,
  content: Content,
): Promise<Artifact> {
  const path = join(folder, "making");
  if (typeof content === "string" || content instanceof Uint8Array) {
    write(path, content);
    return await store.place(path, { path, mediaType: "text/plain" });
  }
  Deno.mkdirSync(path, { recursive: true });
  for (const [name, text] of Object.entries(content)) {
    write(join(path, name), text);
  }
  const mediaType = "inode/directory";
  return await store.place(path, { path, mediaType, folder: true });
}

function write(path: string, content: string | Uint8Array): void {
  Deno.mkdirSync(dirname(path), { recursive: true });
  Deno.writeFileSync(
    path,
    typeof content === "string" ? new TextEncoder().encode(content) : content,
  );
}

/** What a command could see of a folder: its manifest and signatures, and whether all that it names is whole. */
export async function seen(folder: string): Promise<{
  readonly manifest?: string;
  readonly signatures?: string;
  readonly broken: number;
}> {
  const { manifest, store } = workspaceIn(folder);
  const objects = manifest === undefined
    ? []
    : await verify({ manifest, store }, () => {});
  return {
    manifest: readIfThere(manifestPath(folder)),
    signatures: readIfThere(signaturesPath(manifestPath(folder))),
    broken: objects.filter(({ condition }) => condition !== "whole").length,
  };
}

/** Every object in a store has the bytes that its name says, whether a manifest names it or not. */
export async function assertObjectsWhole(folder: string): Promise<void> {
  const { objects, leftovers } = listObjects(folder);
  assertEquals(leftovers, []);
  const { store } = workspaceIn(folder);
  for (const [sha256, files] of objects) {
    const bytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
    const artifact = { sha256, bytes, mediaType: "" };
    const isFolder = lstatIfThere(store.listingPath(artifact)) !== undefined;
    const condition = await store.verify(
      isFolder ? { ...artifact, folder: true } : artifact,
    );
    assertEquals(condition, "whole", sha256);
  }
}

/** A folder that goes at the end of its scope. */
export function temporary(): { path: string; [Symbol.dispose](): void } {
  const path = Deno.makeTempDirSync({ prefix: "sharing-" });
  return {
    path,
    [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }),
  };
}
