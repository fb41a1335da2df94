/** The Deno permissions and environment of a stage's process: its job and what it declares, nothing else. */
import { isAbsolute, join, resolve } from "@std/path";
import { statIfThere } from "../../base/stat.ts";
import type { Job } from "./executor.ts";
import { CHANNEL } from "./messages.ts";
import type { Node } from "../graph/graph.ts";
import type { Project } from "../keys/project.ts";

/** Variables with which the shell finds Deno, and Deno its cache; code in the process cannot read them. */
const ALWAYS = [
  "PATH",
  "DENO_DIR",
  "HOME",
  "XDG_CACHE_HOME",
  "LOCALAPPDATA",
  "USERPROFILE",
  "SystemRoot",
];
/** Network settings, which Deno itself reads. */
const NETWORK = [
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "http_proxy",
  "https_proxy",
  "no_proxy",
  "DENO_CERT",
  "DENO_TLS_CA_STORE",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "NODE_EXTRA_CA_CERTS",
];
/** Settings of native code. */
const NATIVE = ["LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "VK_ICD_FILENAMES"];

/** Arguments of `deno` for a node's process; `opened` are files that the stage's code opens by itself. */
export function sandboxArguments(
  node: Node,
  job: Job,
  project: Project,
  opened: readonly string[],
): string[] {
  const permissions = node.stage.permissions ?? {};
  const { net, env = [], native = [], sys = [] } = permissions;
  const packages = [
    ...native.filter((name) => !isAbsolute(name))
      .flatMap((name) => project.packageFolders(name)),
    ...nativeFolders(node),
  ];
  const own = [job.outputFolder, job.work, job.lock];
  const readable = [...own, ...readablePaths(node, job), ...opened];
  return [
    flag("read", [...readable.flatMap(underBothNames), ...packages]),
    flag("write", [...own.flatMap(underBothNames), CHANNEL]),
    ...packages.length > 0 ? [flag("ffi", packages)] : [],
    ...env.length > 0 ? [flag("env", env)] : [],
    ...sys.length > 0 ? [flag("sys", sys)] : [],
    ...net === true
      ? ["--allow-net"]
      : net === undefined || net.length === 0
      ? []
      : [flag("net", net)],
  ];
}

/** What a node may read besides its code and its own folder: inputs, copies of data files, declared settings. */
export function readablePaths(node: Node, job: Job): string[] {
  return [
    ...Object.values(job.inputs).flatMap((paths) => Object.values(paths)),
    ...Object.values(job.files),
    ...(node.stage.permissions?.read ?? []).map(expandHome),
  ];
}

/** Existing folders with native code outside of the project, under their names and with links resolved. */
export function nativeFolders(node: Node): string[] {
  return (node.stage.permissions?.native ?? [])
    .filter((path) => isAbsolute(path) && statIfThere(path) !== undefined)
    .flatMap(underBothNames);
}

/** A path and the same with links resolved, which is what Deno checks. */
function underBothNames(path: string): string[] {
  return statIfThere(path) === undefined
    ? [path]
    : [path, Deno.realPathSync(path)];
}

/** The environment of a node's process. */
export function sandboxEnvironment(
  node: Node,
  environment: Readonly<Record<string, string>>,
): Record<string, string> {
  const { net, env = [], native = [] } = node.stage.permissions ?? {};
  const wanted = [
    ...ALWAYS,
    ...net === undefined ? [] : NETWORK,
    ...native.length > 0 ? NATIVE : [],
  ];
  const declared = (name: string) =>
    env.some((pattern) =>
      pattern.endsWith("*")
        ? name.startsWith(pattern.slice(0, -1))
        : name === pattern
    );
  const passed = Object.entries(environment)
    .filter(([name]) => wanted.includes(name) || declared(name));
  return {
    ...Object.fromEntries(passed),
    NO_COLOR: "1",
    DENO_NO_UPDATE_CHECK: "1",
  };
}

/** A sentence that says how to declare what Deno denied; undefined for any other error. */
export function deniedAccess(
  stage: string,
  message: string,
): string | undefined {
  const [, kind, target = ""] =
    /Requires (\w+) access(?: to (?:"([^"]*)"|[^,]*))?/.exec(message) ?? [];
  const what = target === "" ? "" : ` "${target}"`;
  switch (kind) {
    case undefined:
      return undefined;
    case "read":
      return `Stage "${stage}" may not read${what}: it is none of its inputs; return its path from the stage's ` +
        "`files` where it is data (its content enters the key) and read the copy `context.files[path]`, or name it in " +
        "`permissions.read` where it is a setting.";
    case "write":
      return `Stage "${stage}" may not write${what}: a stage writes to \`context.outputs\` and \`context.work\` only.`;
    case "net":
      return `Stage "${stage}" may not reach${what}: name the host in \`permissions.net\`.`;
    case "env":
      return `Stage "${stage}" may not see the environment variable${what}: name it in \`permissions.env\`.`;
    case "sys":
      return `Stage "${stage}" may not ask the system for${what}: name it in \`permissions.sys\`.`;
    case "ffi":
      return `Stage "${stage}" may not load native code${what}: name its package in \`permissions.native\`.`;
    default:
      return `Stage "${stage}" needs ${kind} access${what}, which no stage is given.`;
  }
}

/** A comma in a path is written twice, or it would end the path. */
function flag(kind: string, values: readonly string[]): string {
  const escaped = [...new Set(values)].map((value) =>
    value.replaceAll(",", ",,")
  );
  return `--allow-${kind}=${escaped.join(",")}`;
}

function expandHome(path: string): string {
  const home = Deno.env.get("HOME") ?? Deno.env.get("USERPROFILE") ?? "";
  return path.startsWith("~/") ? join(home, path.slice(2)) : resolve(path);
}
