/** Runs each stage inside bubblewrap, which also confines the native code that Deno's permissions cannot. */
import { homedir } from "node:os";
import { dirname, resolve } from "@std/path";
import { statIfThere } from "../../base/stat.ts";
import { inputError } from "../../base/input_error.ts";
import type { Node } from "../graph/graph.ts";
import type { Executor, Job } from "./executor.ts";
import { runProcess } from "./process.ts";
import { nativeFolders, readablePaths } from "./stage_permissions.ts";

const PROGRAM = "bwrap";

/** What native code needs of the system: libraries, descriptions of the processor, GPU drivers. */
const SYSTEM = [
  "/usr/lib",
  "/usr/lib64",
  "/usr/libexec",
  "/usr/local/lib",
  "/lib",
  "/lib64",
  "/nix/store",
  "/etc/ld.so.cache",
  "/etc/ld.so.conf",
  "/etc/ld.so.conf.d",
  "/sys/devices/system/cpu",
  "/sys/devices/system/node",
  ...["/etc/vulkan", "/usr/share/vulkan", "/usr/local/share/vulkan"],
];
/** Name resolution and certificates. */
const NETWORK = [
  "/etc/resolv.conf",
  "/etc/hosts",
  "/etc/nsswitch.conf",
  "/etc/services",
  "/etc/ssl",
  "/etc/pki",
  "/etc/ca-certificates",
  "/usr/share/ca-certificates",
  "/usr/local/share/ca-certificates",
  "/run/systemd/resolve",
];
const DEVICES = /^(nvidia|dri$|kfd$|dxg$)/;

export const sandbox: Executor = {
  check: checkBubblewrap,
  run: async (node, job, options) => {
    const code = await options.code();
    const { outcome, ...ran } = await runProcess(
      node,
      job,
      options,
      (args, environment) =>
        bubblewrapCommand({ node, job, code, environment }, args),
    );
    if (outcome.kind !== "error") return { ...ran, outcome };
    const message = explainAbsence(outcome.message, node, job);
    return { ...ran, outcome: { ...outcome, message } };
  },
};

async function checkBubblewrap(): Promise<void> {
  const trial = ["--unshare-all", "--ro-bind", "/", "/", Deno.execPath()];
  let reason: string;
  try {
    const { success, stderr } = await new Deno.Command(PROGRAM, {
      args: [...trial, "--version"],
      stdout: "null",
      stderr: "piped",
    }).output();
    if (success) return;
    reason = `it cannot make a sandbox here (${
      new TextDecoder().decode(stderr).trim().split("\n").at(-1)
    })`;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    reason = `"${PROGRAM}" is not installed`;
  }
  throw inputError(
    `Cannot use --sandbox: ${reason}; install bubblewrap on a Linux that allows user namespaces, or run without.`,
  );
}

interface Sandboxed {
  readonly node: Node;
  readonly job: Job;
  /** What the process executes: modules, their import map and lock file, packages. */
  readonly code: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * A command that runs Deno in a sandbox: of the file system it sees the stage's code, what it may read, and its own folder
 * to write to; no other process; no network unless the stage declares hosts.
 */
function bubblewrapCommand(
  sandboxed: Sandboxed,
  args: readonly string[],
): readonly string[] {
  const { node, job, code, environment } = sandboxed;
  const { net, native = [] } = node.stage.permissions ?? {};
  const usesNetwork = net === true || net !== undefined && net.length > 0;
  const usesNative = native.length > 0;
  const cache = denoCache(environment);
  const visible = [
    Deno.execPath(),
    ...SYSTEM,
    ...usesNetwork ? [...NETWORK, ...named(environment, CERTIFICATES)] : [],
    ...usesNative ? named(environment, LIBRARIES) : [],
    cache,
    ...code,
    ...nativeFolders(node),
    ...readablePaths(node, job),
  ];
  return [
    PROGRAM,
    "--unshare-all",
    ...usesNetwork ? ["--share-net"] : [],
    "--die-with-parent",
    "--new-session",
    ...["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"],
    ...usesNative ? devices() : [],
    ...["--dir", Deno.cwd()],
    ...visible.flatMap((path) => ["--ro-bind-try", path, path]),
    ...["--bind", dirname(job.lock), dirname(job.lock)],
    ...["--setenv", "DENO_DIR", cache],
    ...["--chdir", Deno.cwd()],
    "--",
    Deno.execPath(),
    ...args,
  ];
}

/** An error message; for a path that exists outside of the sandbox only, with how to declare it. */
function explainAbsence(
  message: string,
  node: Node,
  job: Job,
): string {
  const visible = [dirname(job.lock), ...readablePaths(node, job)];
  const hidden = (message.match(/\/[^\s"'`:,;()]+/g) ?? [])
    .map((path) => path.replace(/\.$/, ""))
    .find((path) =>
      statIfThere(path) !== undefined &&
      !visible.some((other) => path === other || path.startsWith(other + "/"))
    );
  return hidden === undefined
    ? message
    : `${
      message.replace(/\.$/, "")
    } (in the sandbox there is no "${hidden}": return it from the stage's \`files\` ` +
      "where it is data, or name it in `permissions.read` where it is a setting)";
}

const CERTIFICATES = [
  "DENO_CERT",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "NODE_EXTRA_CA_CERTS",
];
const LIBRARIES = ["LD_LIBRARY_PATH"];

/** The paths that variables hold. */
function named(
  environment: Readonly<Record<string, string>>,
  names: readonly string[],
): string[] {
  return names.flatMap((name) => (environment[name] ?? "").split(":"))
    .filter((path) => path !== "").map((path) => resolve(path));
}

/** The folder of Deno's cache, which is read-only inside. */
function denoCache(environment: Readonly<Record<string, string>>): string {
  const { DENO_DIR, XDG_CACHE_HOME } = environment;
  if (DENO_DIR !== undefined) return resolve(DENO_DIR);
  // As Deno does: where the environment names no home, the system knows one.
  return `${XDG_CACHE_HOME ?? `${homedir()}/.cache`}/deno`;
}

function devices(): string[] {
  return [...Deno.readDirSync("/dev")].filter(({ name }) => DEVICES.test(name))
    .map(({ name }) => `/dev/${name}`)
    .filter((path) => statIfThere(path) !== undefined)
    .flatMap((path) => ["--dev-bind-try", path, path]);
}
