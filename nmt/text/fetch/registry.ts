/** The settings of the user's package registry: environment variables and files, as npm reads them. */
import { fromFileUrl, join, resolve } from "@std/path";

/** The project's folder, whose `.npmrc` counts as it would for npm. */
export const PROJECT = resolve(
  fromFileUrl(new URL("../../..", import.meta.url)),
);

/** A variable in a setting, as npm reads it. */
const VARIABLE = /\$\{([^${}?]+)\??\}/g;

/** Places of files, proxies and certificates; the last few are read by the runtime itself. */
const VARIABLES: readonly string[] = [
  "HOME",
  "USERPROFILE",
  "APPDATA",
  "LOCALAPPDATA",
  "PREFIX",
  "TMPDIR",
  "TMP",
  "TEMP",
  ...["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "PROXY"].flatMap(
    (name) => [name, name.toLowerCase()],
  ),
  "NOPROXY",
  "NODE_TLS_REJECT_UNAUTHORIZED",
  "NODE_EXTRA_CA_CERTS",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "DENO_CERT",
  "DENO_TLS_CA_STORE",
];

/** npm takes each of its settings from a variable of its name too. */
const SETTINGS = ["npm_config_*", "NPM_CONFIG_*"];

export interface SettingsAccess {
  /** Environment variables by name or, with a trailing `*`, by prefix. */
  readonly env: readonly string[];
  /** Settings files, certificates that they name, and npm's cache. */
  readonly read: readonly string[];
}

/**
 * What a process has to be allowed so that it downloads as the user's npm would. Reads the settings files for the
 * variables (`${NPM_TOKEN}`) and the certificates that they name.
 */
export function settingsAccess(): SettingsAccess {
  const env = new Set([...VARIABLES, ...SETTINGS]);
  const read = new Set([
    join(home(), ".npm"),
    join(variable("LOCALAPPDATA") ?? home(), "npm-cache"),
  ]);
  const files = [
    join(PROJECT, ".npmrc"),
    setting("userconfig") ?? join(home(), ".npmrc"),
    setting("globalconfig") ?? join(globalPrefix(), "etc", "npmrc"),
  ];
  for (const name of ["cafile", "cache"]) {
    const path = setting(name);
    if (path !== undefined) read.add(expanded(path));
  }
  for (const path of files) {
    read.add(path);
    const text = readIfAllowed(path);
    for (const [, name] of text.matchAll(VARIABLE)) env.add(name);
    for (const line of text.split("\n")) {
      const [, file = ""] =
        /^(?:\S*:)?(?:cafile|certfile|keyfile|cache)\s*=(.*)$/
          .exec(line.trim()) ?? [];
      if (file.trim() !== "") read.add(expanded(file.trim()));
    }
  }
  return { env: [...env], read: [...read] };
}

/** The folder of npm's global settings: by default beside the program that runs it. */
function globalPrefix(): string {
  return setting("prefix") ?? variable("PREFIX") ??
    resolve(Deno.execPath(), "..", "..");
}

function setting(name: string): string | undefined {
  return variable(`npm_config_${name}`) ?? variable(`NPM_CONFIG_${name}`) ??
    variable(`NPM_CONFIG_${name.toUpperCase()}`);
}

function home(): string {
  return variable("HOME") ?? variable("USERPROFILE") ?? "/";
}

function expanded(path: string): string {
  const plain = path.replace(/^(["'])(.*)\1$/, "$2");
  return resolve(
    plain.replace(/^~(?=[/\\])/, home()).replace(
      VARIABLE,
      (_, name: string) => variable(name) ?? "",
    ),
  );
}

/** Undefined where the variable may not be read: sandboxed stages load this module too. */
function variable(name: string): string | undefined {
  try {
    return Deno.env.get(name) || undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return undefined;
    throw error;
  }
}

function readIfAllowed(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    // A download with these settings reports what is wrong with them.
    return "";
  }
}
