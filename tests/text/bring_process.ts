/** The process that `datasets_test.ts` kills while it downloads. */
import { fetchFiles } from "../../text/fetching.ts";

const { files, folder, work } = JSON.parse(Deno.args[0]);
await fetchFiles(files, {
  folder,
  work,
  mirrors: [],
  log: () => {},
  progress: () => {},
});
