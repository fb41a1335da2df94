/** A copy of the project as a clone has it, in which pages are followed. */
import { assert, assertEquals } from "@std/assert";
import { dirname, join } from "@std/path";
import { ROOT } from "./page.ts";

/** What commands of pages leave in a clone in which somebody followed them. */
const LEFT = [
  ...["mine", "mine.tar", "mine.tsv", "report.html", "site", "theirs"],
  ...["me.pub", "crate", "phrases.ts", "phrases.tsv", "mirror"],
  ...["tiny11", "adapted", "exported", "x"],
];

/** Milliseconds that anything waited for may take: only a hang takes longer. */
const HANG = 300_000;

export interface Outcome {
  readonly code: number;
  /** Standard output and error, in their order. */
  readonly said: string;
}

/** A command on its way. */
export interface Running {
  readonly command: string;
  said(): string;
  readonly ended: Promise<Outcome>;
  /** Sends Ctrl-C's signal to the task, which passes it on. */
  interrupt(): void;
}

export interface Clone extends AsyncDisposable {
  path(name: string): string;
  read(name: string): string;
  write(name: string, text: string): void;
  /** Runs a shell command to its end. */
  run(command: string): Promise<Outcome>;
  /** Starts a command in place of the shell, which would not pass on a signal. */
  start(command: string): Running;
  /** Makes an empty home folder the user's. */
  newHome(): void;
}

/** Copies the project into a new folder, where `deno` is the Deno that runs this. */
export async function cloneProject(): Promise<Clone> {
  const outer = Deno.makeTempDirSync({ prefix: "clone-" });
  const folder = join(outer, "clone");
  const path = (name: string) => join(folder, name);
  for (const name of filesOf("")) {
    Deno.mkdirSync(dirname(path(name)), { recursive: true });
    Deno.copyFileSync(join(ROOT, name), path(name));
  }
  Deno.symlinkSync(join(ROOT, "node_modules"), path("node_modules"));
  const bin = join(outer, "bin");
  Deno.mkdirSync(bin);
  Deno.symlinkSync(Deno.execPath(), join(bin, "deno"));
  const environment: Record<string, string> = {
    ...await caches(),
    PATH: `${bin}:${Deno.env.get("PATH") ?? ""}`,
    NO_COLOR: "1",
  };
  const running = new Set<Deno.ChildProcess>();
  const start = (command: string): Running => {
    const process = new Deno.Command("sh", {
      args: ["-c", `exec 2>&1\n${command}`],
      cwd: folder,
      env: environment,
      stdin: "null",
      stdout: "piped",
    }).spawn();
    running.add(process);
    let said = "";
    const ended = (async () => {
      const text = process.stdout.pipeThrough(new TextDecoderStream());
      for await (const chunk of text) said += chunk;
      const { code } = await process.status;
      running.delete(process);
      return { code, said };
    })();
    return {
      ended,
      command,
      said: () => said,
      interrupt: () => process.kill("SIGINT"),
    };
  };
  return {
    path,
    read: (name) => Deno.readTextFileSync(path(name)),
    write: (name, text) => Deno.writeTextFileSync(path(name), text),
    run: (command) => start(command).ended,
    start: (command) => start(`exec ${command}`),
    newHome: () => {
      const home = Deno.makeTempDirSync({ dir: outer });
      environment.HOME = home;
      environment.XDG_CONFIG_HOME = join(home, ".config");
    },
    [Symbol.asyncDispose]: async () => {
      for (const process of running) process.kill("SIGKILL");
      await Promise.all([...running].map(({ status }) => status));
      Deno.removeSync(outer, { recursive: true });
    },
  };
}

/** Waits until a command has printed something. */
export async function until(running: Running, said: RegExp): Promise<void> {
  const began = performance.now();
  let isEnded = false;
  void running.ended.then(() => isEnded = true);
  while (!said.test(running.said())) {
    assert(!isEnded, `It ended before it said ${said}: ${running.said()}`);
    assert(performance.now() - began < HANG, `No ${said}: ${running.said()}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

/** Interrupts a server and checks that it ends well. */
export async function stop(server: Running): Promise<void> {
  server.interrupt();
  assertEquals((await server.ended).code, 0, server.command + server.said());
}

/** What was downloaded before, which a new home would not have. */
async function caches(): Promise<Record<string, string>> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json"],
  }).output();
  const home = Deno.env.get("HOME") ?? "";
  return {
    DENO_DIR: JSON.parse(new TextDecoder().decode(stdout)).denoDir,
    NPM_CONFIG_USERCONFIG: Deno.env.get("NPM_CONFIG_USERCONFIG") ??
      join(home, ".npmrc"),
    NPM_CONFIG_CACHE: Deno.env.get("NPM_CONFIG_CACHE") ?? join(home, ".npm"),
  };
}

/** The files that a clone has: nothing that is made or installed. */
function filesOf(folder: string): string[] {
  return [...Deno.readDirSync(join(ROOT, folder))].flatMap((entry) => {
    const name = join(folder, entry.name);
    if ([".git", "node_modules"].includes(entry.name)) return [];
    if (folder === "" && LEFT.includes(entry.name)) return [];
    if (folder === "artifacts" && !/^(manifest.*|results)$/.test(entry.name)) {
      return [];
    }
    return entry.isDirectory ? filesOf(name) : [name];
  });
}
