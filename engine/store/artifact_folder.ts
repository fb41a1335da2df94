/** Recognizes artifact folders, as a run or garbage collection uses no other folder. */
import { join } from "@std/path";
import { statIfThere } from "../../base/stat.ts";
import { inputError } from "../../base/input_error.ts";
import {
  isTemporary,
  jsonIfValid,
  namesIn,
  readIfThere,
} from "../files/atomic.ts";

/** Names of files at the top of an artifact folder: the engine's, and those that commands write there by default. */
export const FILES = new RegExp(
  [
    "(?:current|idle|index|manifest|manifest\\.sig|not-held|reproduces)\\.json",
    "lock",
    "report\\.html",
  ].join("|"),
);

/** Names of everything that a run makes at the top of an artifact folder. */
const OWN = new RegExp(
  `^(?:${FILES.source}|cache|objects|reproduced|results|runs|work)$`,
);

/** Names that systems and people put into any folder. */
const ANYWHERE = /^(?:\.DS_Store|\.git(?:attributes|ignore|keep)|lost\+found)$/;

/** @throws an input error unless a folder is an artifact folder or can become one, as it is missing or empty */
export function checkArtifactFolder(folder: string): void {
  if (statIfThere(folder)?.isDirectory !== true) return;
  const strangers = namesIn(folder).filter((name) => isStrange(folder, name));
  const [stranger] = strangers;
  if (stranger === undefined || hasRun(folder)) return;
  // Damaged files do not show that there was a run, but their names and the lock do.
  const isDamaged = isLockFile(join(folder, "lock")) &&
    strangers.every((name) => OWN.test(name));
  if (isDamaged) return;
  throw inputError(
    `Cannot use "${folder}" for artifacts: expected a new or empty folder or one that a run has made, found ` +
      `"${stranger}" in it and no trace of a run; name another one with --artifacts.`,
  );
}

/** Whether an entry is more than what a run may leave that was killed at its start. */
function isStrange(folder: string, name: string): boolean {
  if (name === "lock" || ANYWHERE.test(name) || isTemporary(name, FILES)) {
    return false;
  }
  const path = join(folder, name);
  const info = statIfThere(path);
  return info?.isDirectory === true ? namesIn(path).length > 0 : true;
}

/** Whether anything in a folder was certainly made by a run; one thing is enough, as each may be lost or damaged. */
function hasRun(folder: string): boolean {
  const holds = (name: string, form: RegExp) =>
    namesIn(join(folder, name)).some((name) => form.test(name));
  return holds("cache", /^[0-9a-f]{64}\.json$/) ||
    holds("runs", /^\d{4,}-.*\.jsonl$/) ||
    holds("work", /^(?:[0-9a-f]{64}|(?:import|pull|seed)\.tmp)$/) ||
    holds("reproduced", /^[0-9a-f]{12}$/) ||
    isManifest(join(folder, "manifest.json")) ||
    namesIn(join(folder, "results")).some((name) =>
      isManifest(join(folder, "results", name, "manifest.json"))
    ) ||
    isContentOf(join(folder, "index.json"), "version", "files", "modules");
}

/** The engine's lock is never removed, and nothing is ever written to it. */
function isLockFile(path: string): boolean {
  const info = statIfThere(path);
  return info?.isFile === true && info.size === 0;
}

function isManifest(path: string): boolean {
  return isContentOf(path, "schema", "experiment", "nodes", "code");
}

/** Whether a file holds a JSON object with these fields. */
function isContentOf(path: string, ...fields: readonly string[]): boolean {
  if (statIfThere(path)?.isFile !== true) return false;
  const value = jsonIfValid(readIfThere(path) ?? "");
  return typeof value === "object" && value !== null &&
    fields.every((field) => field in value);
}
