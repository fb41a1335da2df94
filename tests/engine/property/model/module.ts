/** Executes the modules of a world as they are on disk now: Deno caches a module by its URL, so each text has its own. */
import { dirname, join, relative, resolve, toFileUrl } from "@std/path";
import { rollOf } from "../check/made.ts";
import type { Package } from "./world.ts";
import { statOf } from "./site.ts";

export type Apply = (text: string) => Promise<string>;

const urls = new Map<string, string>();
const modules = new Map<string, Promise<{ readonly apply: Apply }>>();

/** The function of a stage's module. */
export async function applyOf(path: string): Promise<Apply> {
  const url = urlOf(path);
  const module = modules.get(url) ?? import(url);
  modules.set(url, module);
  return (await module).apply;
}

const SPECIFIER = /((?:from|import)\s*\(?\s*)(["'])([^"']+)\2/g;

function urlOf(path: string, trail: readonly string[] = []): string {
  const text = Deno.readTextFileSync(path);
  if (path.endsWith(".json")) return urlOfText(text, "application/json");
  const linked = text.replace(SPECIFIER, (whole, before, quote, specifier) => {
    const target = mapped(path, specifier);
    const url = target.startsWith("npm:")
      ? packageUrl(rootOf(path), target)
      : urlIfThere(target, [...trail, path]);
    return url === undefined ? whole : `${before}${quote}${url}${quote}`;
  }).replaceAll("import.meta.url", JSON.stringify(toFileUrl(path).href));
  return urlOfText(linked, "application/typescript");
}

function rootOf(module: string): string {
  return join(dirname(module), "..");
}

/** What a specifier stands for by the import map as it lies there: a path, or a package with its request and file. */
function mapped(from: string, specifier: string): string {
  if (specifier.startsWith("npm:")) return specifier;
  const root = rootOf(from);
  const { imports }: { imports: Record<string, string> } = JSON.parse(
    Deno.readTextFileSync(join(root, "deno.json")),
  );
  const name = specifier.startsWith(".")
    ? `./${relative(root, resolve(dirname(from), specifier))}`
    : specifier;
  const target = imports[name] ??
    (name.endsWith("/deep") ? `${imports[name.slice(0, -5)]}/deep` : name);
  return target.startsWith("npm:") ? target : resolve(root, target);
}

/** A comment may name a module that is not there, or its own. */
function urlIfThere(
  path: string,
  trail: readonly string[],
): string | undefined {
  const isThere = statOf(path) !== undefined && !trail.includes(path);
  return isThere ? urlOf(path, trail) : undefined;
}

/** The packages of the tests are not installed: what they do is worked out from the lock file. */
function packageUrl(root: string, target: string): string {
  const lock: { npm: Record<string, Omit<Package, "version">> } = JSON.parse(
    Deno.readTextFileSync(join(root, "deno.lock")),
  );
  const packages = Object.fromEntries(
    Object.entries(lock.npm).map(([id, entry]) => {
      const [, name, version] = /^(.[^@]*)@(.*)$/.exec(id) ?? [];
      return [name, { ...entry, version }];
    }),
  );
  const [, name, deep] = /^npm:(.[^@]*)@[^/]*(\/deep)?$/.exec(target) ?? [];
  const roll = JSON.stringify(
    rollOf(packages, name, deep === undefined ? "package" : "subpath"),
  );
  return urlOfText(
    `export const roll = (text) => text + ${roll};`,
    "text/javascript",
  );
}

function urlOfText(text: string, type: string): string {
  const url = urls.get(text) ?? URL.createObjectURL(new Blob([text], { type }));
  urls.set(text, url);
  return url;
}
