/** Translates standard input with the exported model of a folder: `examples/translate.ts FOLDER < lines`. */
import { loadModel, translate } from "@ckd/ckd";

const [folder] = Deno.args;
await using model = await loadModel(folder);
const text = await new Response(Deno.stdin.readable).text();
const lines = text.replace(/\n$/, "").split("\n");
for (const line of await translate(model, lines)) console.log(line);
