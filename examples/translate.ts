/** Translates standard input with the exported model of a folder: `examples/translate.ts FOLDER [int8] < lines`. */
import { loadModel, translate } from "@ckd/ckd";

const [folder = "", precision = "fp32"] = Deno.args;
if (folder === "" || !(precision === "fp32" || precision === "int8")) {
  console.error(
    'Cannot translate: expected FOLDER [int8], such as "examples/model int8".',
  );
  Deno.exit(2);
}
await using model = await loadModel(folder, { precision })
  .catch(({ message }: Error) => {
    console.error(message);
    Deno.exit(2);
  });
const text = await new Response(Deno.stdin.readable).text();
const lines = text.replace(/\n$/, "").split("\n");
for (const line of await translate(model, lines)) console.log(line);
