/** Downloads packages as tarballs from the user's registry, each verified by its descriptor's integrity. */
import process from "node:process";
import { format } from "@std/fmt/bytes";
import { join } from "@std/path";
import type { Package } from "../../../schemas/descriptor.ts";
import { inputError } from "../../../base/input_error.ts";
import { tarballName } from "../descriptors/descriptors.ts";
import { PROJECT, settingsAccess } from "./registry.ts";

export interface FetchOptions {
  /** Where the tarballs are left. */
  readonly folder: string;
  /** Keeps what was downloaded before an interruption. */
  readonly cache: string;
  log(line: string): void;
  progress(
    progress: { done: number; total: number; unit: string; note?: string },
  ): void;
}

/** What was fetched; equal for equal descriptors, whatever the origin. */
export type Fetched = {
  readonly packages: number;
  readonly bytes: number;
  readonly licences: string;
};

/**
 * Leaves the tarballs of some packages in a folder: from npm's own cache where they are there, else from the registry.
 * The registry, its credentials, proxies and certificates are what the user's npm would use.
 */
export async function fetchPackages(
  packages: readonly Package[],
  { folder, cache, log, progress }: FetchOptions,
): Promise<Fetched> {
  const settings = await registryOptions();
  const npmCache = String(settings.cache);
  const bytes = packages.reduce((sum, one) => sum + one.bytes, 0);
  const licences = [...new Set(packages.map((one) => one.licence))].sort();
  log(
    `${packages.length} package${packages.length === 1 ? "" : "s"}, ${
      format(bytes)
    }, under ${licences.join(", ")}, from the package registry or npm's cache:`,
  );
  for (const one of packages) {
    log(`  ${one.name}@${one.version}  ${format(one.bytes)}  ${one.licence}`);
  }
  let done = 0;
  for (const one of packages) {
    progress({ done, total: bytes, unit: "bytes", note: one.name });
    const tarball = await cached(one, npmCache) ??
      await download(one, settings, cache);
    await Deno.writeFile(join(folder, tarballName(one)), tarball);
    done += one.bytes;
  }
  progress({ done, total: bytes, unit: "bytes" });
  return { packages: packages.length, bytes, licences: licences.join(", ") };
}

async function cached(
  one: Package,
  cache: string,
): Promise<Uint8Array | undefined> {
  const { default: cacache } = await import("cacache");
  try {
    return await cacache.get.byDigest(cache, one.integrity);
  } catch {
    return undefined;
  }
}

async function download(
  one: Package,
  settings: Readonly<Record<string, unknown>>,
  cache: string,
): Promise<Uint8Array> {
  const { default: pacote } = await import("pacote");
  try {
    return await pacote.tarball(`${one.name}@${one.version}`, {
      ...settings,
      integrity: one.integrity,
      // npm waits for most of a minute before it says that there is no network.
      retry: { retries: 2, factor: 3, minTimeout: 500 },
      cache: join(cache, "content"),
      tufCache: join(cache, "tuf"),
    });
  } catch (error) {
    const { code } = error as { code?: string };
    // A full disk is reported by the engine.
    throw code === "ENOSPC" ? error : inputError(explain(one, error));
  }
}

/** One sentence for a download that failed. */
function explain(one: Package, error: unknown): string {
  const what = `package ${one.name}@${one.version} (${format(one.bytes)})`;
  const { code, message } = error as { code?: string; message?: string };
  switch (code) {
    case "EINTEGRITY":
      return `Cannot use ${what}: the registry sent other bytes than its descriptor pins by sha512; ` +
        "use another registry in your .npmrc, or none of the proxies before it.";
    case "E401":
    case "E403":
      return `Cannot download ${what}: the registry refused it (${code}); ` +
        "check the credentials in your .npmrc.";
    case "E404":
    case "ETARGET":
      return `Cannot download ${what}: the registry does not have it (${code}); ` +
        "use another registry in your .npmrc.";
    default:
      return `Cannot download ${what}: the package registry cannot be reached (${
        code ?? message
      }); connect this machine, or set "registry" or "proxy" in your .npmrc, ` +
        'or train on your own files with "data.train".';
  }
}

/** The settings as npm passes them to its libraries. */
async function registryOptions(): Promise<Readonly<Record<string, unknown>>> {
  const whole = granted({ name: "env" });
  const env = whole ? Deno.env.toObject() : variables(settingsAccess().env);
  // These libraries list the environment as they load; where only a part of it may be seen, they are shown that part.
  if (!whole) process.env = env;
  const { default: Config } = await import("@npmcli/config");
  const { default: npm } = await import("@npmcli/config/definitions");
  if (!whole) Object.assign(env, variables(settingNames(npm.definitions)));
  const config = new Config({
    ...npm,
    // The project's own .npmrc counts, and none of a folder above it.
    cwd: PROJECT,
    npmPath: PROJECT,
    excludeNpmCwd: true,
    argv: [],
    env: { ...env },
    warn: false,
  });
  await config.load();
  return config.flat;
}

/** npm takes each of its settings from a variable too, in lower or upper case. */
function settingNames(definitions: Readonly<Record<string, unknown>>) {
  return Object.keys(definitions)
    .map((name) => `npm_config_${name.replaceAll("-", "_")}`)
    .flatMap((name) => [name.toUpperCase(), name]);
}

function variables(names: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of names.filter((name) => !name.endsWith("*"))) {
    const value = granted({ name: "env", variable: name })
      ? Deno.env.get(name)
      : undefined;
    if (value !== undefined) found[name] = value;
  }
  return found;
}

function granted(permission: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(permission).state === "granted";
}
