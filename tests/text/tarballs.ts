/** The tarballs of a descriptor for tests: downloaded once, kept in a folder beside the system's temporary files. */
import { join } from "@std/path";
import { Data } from "../../schemas/data.ts";
import {
  Descriptor,
  type MessageSource,
  type Package,
} from "../../schemas/descriptor.ts";
import { descriptorPath, tarballName } from "../../text/descriptors.ts";
import { fetchPackages } from "../../text/packages.ts";

export interface Tarballs {
  readonly sources: readonly MessageSource[];
  readonly folder: string;
  /** Why they are not there, and what to do. */
  readonly missing?: string;
}

export const NPM_MESSAGES = Data.parse({ descriptor: "npm-messages" });

export async function tarballs(name: string): Promise<Tarballs> {
  const descriptor = Descriptor.parse(
    JSON.parse(await Deno.readTextFile(descriptorPath(name))),
  );
  const sources = descriptor.sources.filter((source) => "packages" in source);
  const packages = sources.flatMap(({ packages }) => packages);
  const folder = join(temporaryFolder(), `${name}-tarballs`);
  await Deno.mkdir(folder, { recursive: true });
  try {
    for (const one of packages) {
      if (await isWhole(one, join(folder, tarballName(one)))) continue;
      const fresh = await Deno.makeTempDir({ dir: folder });
      try {
        await fetchPackages([one], {
          folder: fresh,
          cache: join(fresh, "cache"),
          log: () => {},
          progress: () => {},
        });
        await Deno.rename(
          join(fresh, tarballName(one)),
          join(folder, tarballName(one)),
        );
      } finally {
        await Deno.remove(fresh, { recursive: true });
      }
    }
    return { sources, folder };
  } catch (error) {
    return { sources, folder, missing: (error as Error).message };
  }
}

async function isWhole(one: Package, path: string): Promise<boolean> {
  try {
    const bytes = await Deno.readFile(path);
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-512", bytes));
    return one.integrity === `sha512-${btoa(String.fromCharCode(...hash))}`;
  } catch {
    return false;
  }
}

function temporaryFolder(): string {
  const file = Deno.makeTempFileSync();
  Deno.removeSync(file);
  return join(file, "..");
}
