/** A sequence of edits, damage and kills of real processes, after which a plain run has to end as one from scratch. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join, relative } from "@std/path";
import { delay, stageProcesses, tryKill } from "../../fixtures/processes.ts";
import { makeProject, type Project, WORDS } from "../../fixtures/project.ts";
import { type Dice, diceOf } from "../model/dice.ts";
import { flip } from "../check/kept.ts";
import { OTHER_THINGS, replace, statOf } from "../model/site.ts";

const TEXT = "one two\nthree\nfour five six\n";
/** What a run takes, about; kills and edits come within this time. */
const MILLISECONDS = 1500;
/** Much longer than a command takes. */
const SECONDS = 120;

const CHECKPOINTS = /\/work\/[0-9a-f]{64}\/work\//;

export async function playProcesses(seed: number): Promise<void> {
  using project = makeProject(TEXT);
  const dice = diceOf("processes", seed);
  const log: string[] = [`sequence ${seed}`];
  try {
    for (let left = 3 + dice.below(3); left > 0; left--) {
      if (dice.chance(0.6)) log.push(change(project, dice));
      await runDisturbed(project, dice, log);
      if (dice.chance(0.7)) log.push(damage(project, dice));
      await look(project, dice, log);
    }
    await checkEnd(project, log);
  } catch (error) {
    throw new Error(log.join("\n"), { cause: error });
  }
}

/** A run during which a process is killed or interrupted, or a file is changed. */
async function runDisturbed(
  project: Project,
  dice: Dice,
  log: string[],
): Promise<void> {
  const args = dice.pick([
    [],
    [],
    ["--jobs", "2"],
    ["--only", "split"],
    ["--until", "count:*"],
    ["--from", "split"],
    ["count:all"],
    ["--set", 'counts={"other":{"longest":4}}'],
  ]);
  const run = project.start(...args);
  const ended = run.output();
  const moment = dice.below(MILLISECONDS);
  await delay(moment);
  const told = disturb(project, run.pid, dice);
  log.push(`${args.join(" ")}: after ${moment} ms ${told}`);
  const { code, signal, stderr } = await inTime(ended, run.pid);
  if (signal === "SIGKILL") return;
  const err = new TextDecoder().decode(stderr);
  log.push(`exit code ${code}: ${err}`);
  checkSentences(err);
  assert([0, 1, 2, 130].includes(code), `exit code ${code}`);
}

function disturb(project: Project, pid: number, dice: Dice): string {
  switch (dice.below(6)) {
    case 0:
    case 1:
      tryKill(pid);
      return "the run is killed";
    case 2: {
      const [stage] = stageProcesses(project);
      if (stage !== undefined) tryKill(stage);
      return stage === undefined ? "nothing" : "a stage is killed";
    }
    case 3:
      interrupt(pid);
      return "the run is interrupted";
    case 4:
      return change(project, dice);
    default:
      return damageObjects(project, dice);
  }
}

function interrupt(pid: number): void {
  try {
    Deno.kill(pid, "SIGINT");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** An edit by the user. */
function change(project: Project, dice: Dice): string {
  const words = dice.pick(["six", "seven eight", "nine\nten"]);
  const number = dice.below(5);
  switch (dice.below(6)) {
    case 0:
    case 1:
      Deno.writeTextFileSync(project.path("other.txt"), TEXT + words + "\n");
      Deno.renameSync(project.path("other.txt"), project.path("text.txt"));
      return `text.txt ends in ${JSON.stringify(words)}`;
    case 2:
      project.write(
        `${WORDS}/clean.ts`,
        `export const clean = (text: string, lowercase: boolean) => (lowercase ? text.toLowerCase() : text) + ${
          JSON.stringify("\n" + words)
        };\n`,
      );
      return `clean.ts adds ${JSON.stringify(words)}`;
    case 3:
      project.write(
        "experiments/quick.jsonc",
        JSON.stringify({
          text: "text.txt",
          counts: { all: {}, short: { longest: 3 + number } },
        }),
      );
      return `the longest word has ${3 + number} letters`;
    case 4: {
      const config = JSON.parse(project.read("deno.json"));
      config.imports.spare = `./spare${number}.ts`;
      project.write("deno.json", JSON.stringify(config));
      return `spare is ${number}`;
    }
    default:
      Deno.utimeSync(project.path("text.txt"), new Date(), new Date());
      return "text.txt is touched";
  }
}

/** Anything that lies in the artifact folder is lost, spoilt or replaced, but for what is a stage's own. */
function damage(project: Project, dice: Dice): string {
  const paths = pathsBelow(project.path("artifacts"))
    .filter((path) => !CHECKPOINTS.test(path));
  return paths.length === 0
    ? "nothing to damage"
    : damageOne(project, dice.pick(paths), dice);
}

/** The same of files that no process writes to. */
function damageObjects(project: Project, dice: Dice): string {
  const paths = ["objects", "cache"]
    .flatMap((name) => pathsBelow(project.path(`artifacts/${name}`)))
    .filter((path) => statOf(path)?.isFile);
  if (paths.length === 0) return "nothing";
  const path = dice.pick(paths);
  Deno.removeSync(path);
  return `${relative(project.folder, path)} is removed`;
}

function damageOne(project: Project, path: string, dice: Dice): string {
  const name = relative(project.folder, path);
  const isFile = Deno.lstatSync(path).isFile;
  const kind = dice.below(isFile ? 5 : 2);
  switch (kind) {
    case 0:
      Deno.removeSync(path, { recursive: true });
      return `${name} is removed`;
    case 1: {
      const thing = isFile
        ? dice.pick(OTHER_THINGS)
        : dice.pick(["a file", "a dangling link", "a FIFO"] as const);
      replace(path, thing);
      return `${name} is replaced by ${thing}`;
    }
    case 2:
      Deno.chmodSync(path, 0o644);
      return flip(path, dice) === undefined
        ? `${name} stays`
        : `a bit of ${name} is flipped`;
    case 3:
      Deno.chmodSync(path, 0o644);
      Deno.truncateSync(path, dice.below(Deno.statSync(path).size + 1));
      return `${name} is cut`;
    default:
      Deno.chmodSync(path, 0o644);
      Deno.writeTextFileSync(path, "<<<<<<< HEAD\n{}\n");
      return `${name} is overwritten`;
  }
}

function pathsBelow(folder: string): string[] {
  if (statOf(folder)?.isDirectory !== true) return [];
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    const path = join(folder, name);
    return isDirectory ? [path, ...pathsBelow(path)] : [path];
  });
}

/** Commands that look, whatever lies there. */
async function look(
  project: Project,
  dice: Dice,
  log: string[],
): Promise<void> {
  const args = dice.pick([
    ["status"],
    ["status", "--json"],
    ["log"],
    ["log", "split"],
    ["verify"],
    ["gc"],
    ["explain", "count:all"],
    ["diff"],
  ]);
  const child = project.start(...args);
  const { code, stderr } = await inTime(child.output(), child.pid);
  const err = new TextDecoder().decode(stderr);
  log.push(`${args.join(" ")}: exit code ${code}: ${err}`);
  checkSentences(err);
  assert([0, 1, 2, 10].includes(code), `exit code ${code}`);
}

function checkSentences(err: string): void {
  assert(!err.includes("Unexpected error"), err);
  assert(!err.includes("    at "), err);
}

async function checkEnd(project: Project, log: string[]): Promise<void> {
  const last = project.start();
  const { code, stderr } = await inTime(last.output(), last.pid);
  assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
  const again = await project.run();
  assertStringIncludes(again.out, "Nothing to do: 5 cached.");
  const verified = await project.run("verify");
  assertEquals([verified.code, verified.err], [0, ""]);
  log.push("from scratch");
  const scratch = await project.run("--artifacts", project.path("fresh"));
  assertEquals([scratch.code, scratch.err], [0, ""]);
  assertEquals(
    project.read("artifacts/manifest.json"),
    project.read("fresh/manifest.json"),
  );
}

/** A command that hangs is killed, and has failed. */
async function inTime(
  output: Promise<Deno.CommandOutput>,
  pid: number,
): Promise<Deno.CommandOutput> {
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    tryKill(pid);
  }, SECONDS * 1000);
  try {
    return await output;
  } finally {
    clearTimeout(timer);
    assert(!isLate, `no end within ${SECONDS} s`);
  }
}
