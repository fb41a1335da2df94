/** An artifact folder and the project that uses it, opened once a command. */
import { resolve } from "@std/path";
import type { Manifest } from "../schemas/manifest.ts";
import { type CodeReader, createCodeReader } from "./code.ts";
import { type Index, openIndex } from "./index.ts";
import { readManifest } from "./manifest.ts";
import { openProject, type Project } from "./project.ts";
import { openStore, type Store } from "./store.ts";

export interface Workspace {
  /** Absolute path of the artifact folder. */
  readonly folder: string;
  readonly project: Project;
  readonly index: Index;
  readonly store: Store;
  readonly code: CodeReader;
  /** As it was when the workspace was opened. */
  readonly manifest: Manifest | undefined;
}

/** Reads only: the folder need not exist. */
export function openWorkspace(
  folder: string,
  project: Project = openProject(),
): Workspace {
  const absolute = resolve(folder);
  const index = openIndex(absolute, project.printer);
  return {
    folder: absolute,
    project,
    index,
    store: openStore(absolute, index),
    code: createCodeReader(project, index),
    manifest: readManifest(absolute),
  };
}

/** The workspace with the code and the lock file as they are now: a run is long, and people edit meanwhile. */
export function refresh(workspace: Workspace): Workspace {
  const project = openProject();
  return {
    ...workspace,
    project,
    code: createCodeReader(project, workspace.index),
  };
}
