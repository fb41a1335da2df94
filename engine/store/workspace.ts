/** An artifact folder and the project that uses it, opened once for each command. */
import { resolve } from "@std/path";
import type { Manifest } from "../../schemas/manifest.ts";
import { type CodeReader, createCodeReader } from "../keys/module_hash.ts";
import { type Index, openIndex } from "../keys/stat_index.ts";
import { createNoOpRecord, type NoOpRecord } from "../keys/no_op_record.ts";
import { manifestPath, readManifest } from "./manifest.ts";
import { openProject, type Project } from "../keys/project.ts";
import { openStore, type Store } from "./object_store.ts";

export interface Workspace {
  /** Absolute path of the artifact folder. */
  readonly folder: string;
  readonly project: Project;
  readonly index: Index;
  readonly noOpRecord: NoOpRecord;
  readonly store: Store;
  readonly code: CodeReader;
  /** As it was when the workspace was opened. */
  readonly manifest: Manifest | undefined;
}

export interface WorkspaceOptions {
  /** By default the project that the engine lies in. */
  readonly project?: Project;
  /** By default that of the folder. */
  readonly index?: Index;
  /** Whether objects are rehashed before they are used, ignoring the stat index. */
  readonly paranoid?: boolean;
}

/** Opens a workspace without writing: the folder need not exist. */
export function openWorkspace(
  folder: string,
  {
    project = openProject(),
    index = openIndex(resolve(folder), project.printer),
    paranoid = false,
  }: WorkspaceOptions = {},
): Workspace {
  const absolute = resolve(folder);
  const noOpRecord = createNoOpRecord();
  noOpRecord.stat(manifestPath(absolute));
  return {
    folder: absolute,
    project,
    index,
    noOpRecord,
    store: openStore(absolute, index, noOpRecord, paranoid),
    code: createCodeReader(project, index, noOpRecord),
    manifest: readManifest(absolute),
  };
}

/** The workspace with the code and the lock file as they are now, since they may be edited during a run. */
export function refresh(workspace: Workspace): Workspace {
  const project = openProject(workspace.project.root);
  return {
    ...workspace,
    project,
    code: createCodeReader(project, workspace.index, workspace.noOpRecord),
  };
}
