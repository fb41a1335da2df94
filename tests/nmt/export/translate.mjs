/** Translates with an exported graph in Node: JSON with path, beam and sentences of ids in, ids out. */
import { readFileSync } from "node:fs";
import { InferenceSession, Tensor } from "onnxruntime-node";

const { path, beam, sources } = JSON.parse(readFileSync(0, "utf8"));
const session = await InferenceSession.create(path);
const integers = (...values) =>
  new Tensor("int64", BigInt64Array.from(values, BigInt), [values.length]);
const found = [];
for (const ids of sources) {
  const { translation } = await session.run({
    source: integers(...ids).reshape([1, ids.length]),
    beam: integers(beam),
    maximum_length: integers(0),
    count: integers(1),
  });
  found.push(Array.from(translation.data, Number));
}
console.log(JSON.stringify(found));
