/** Translates with transformers.js in Node: JSON with the library's path, a folder, a dtype and batches in, texts out. */
import { readFileSync } from "node:fs";
import { basename, dirname } from "node:path";

const { library, folder, dtype, batches } = JSON.parse(
  readFileSync(0, "utf8"),
);
const { env, pipeline } = await import(library);
env.allowRemoteModels = false;
env.localModelPath = dirname(folder);
const translate = await pipeline("translation", basename(folder), { dtype });
const found = [];
for (const batch of batches) {
  const translations = await translate(batch, { num_beams: 1 });
  found.push(...translations.map((each) => each.translation_text));
}
console.log(JSON.stringify(found));
