/** An artifact folder and the project that uses it, opened once a command. */
import { resolve } from "@std/path";
import type { Manifest } from "../../schemas/manifest.ts";
import { type CodeReader, createCodeReader } from "../keys/module_hash.ts";
import { type Index, openIndex } from "../keys/stat_index.ts";
import { createLooks, type Looks } from "../keys/no_op_record.ts";
import { manifestPath, readManifest } from "./manifest.ts";
import { openProject, type Project } from "../keys/project.ts";
import { openStore, type Store } from "./object_store.ts";

export interface Workspace {
  /** Absolute path of the artifact folder. */
  readonly folder: string;
  readonly project: Project;
  readonly index: Index;
  readonly looks: Looks;
  readonly store: Store;
  readonly code: CodeReader;
  /** As it was when the workspace was opened. */
  readonly manifest: Manifest | undefined;
}

export interface WorkspaceOptions {
  /** Without, that which the engine lies in. */
  readonly project?: Project;
  /** Without, that of the folder. */
  readonly index?: Index;
  /** Whether objects are rehashed before they are used, whatever the index says. */
  readonly paranoid?: boolean;
}

/** Reads only: the folder need not exist. */
export function openWorkspace(
  folder: string,
  {
    project = openProject(),
    index = openIndex(resolve(folder), project.printer),
    paranoid = false,
  }: WorkspaceOptions = {},
): Workspace {
  const absolute = resolve(folder);
  const looks = createLooks();
  looks.stat(manifestPath(absolute));
  return {
    folder: absolute,
    project,
    index,
    looks,
    store: openStore(absolute, index, looks, paranoid),
    code: createCodeReader(project, index, looks),
    manifest: readManifest(absolute),
  };
}

/** The workspace with the code and the lock file as they are now: a run is long, and people edit meanwhile. */
export function refresh(workspace: Workspace): Workspace {
  const project = openProject(workspace.project.root);
  return {
    ...workspace,
    project,
    code: createCodeReader(project, workspace.index, workspace.looks),
  };
}
