/** The process in which `packages_test.ts` downloads, so that settings and permissions are those of a stage. */
import { fetchPackages } from "../../text/packages.ts";

const { packages, folder, cache } = JSON.parse(Deno.args[0]);
const log: string[] = [];
let error: { name: string; message: string } | undefined;
try {
  await fetchPackages(packages, {
    folder,
    cache,
    log: (line) => log.push(line),
    progress: () => {},
  });
} catch (thrown) {
  const { name, message } = thrown as Error;
  error = { name, message };
}
console.log(JSON.stringify({ log, error }));
