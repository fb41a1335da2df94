/** Compares two systems of committed results: `examples/compare.ts EXPERIMENT SYSTEM BASELINE`. */
import { comparedOf, readResults } from "@ckd/ckd";

const [experiment, system, baseline] = Deno.args;
const artifacts = `${import.meta.dirname}/../artifacts`;
const saved = readResults(artifacts, experiment);
if (saved === undefined) throw new Error(`No results of "${experiment}".`);
for (const compared of comparedOf(saved.results.systems)) {
  if (compared.system !== system || compared.baseline !== baseline) continue;
  const { difference, p } = compared.found;
  console.log(`${compared.score}: ${difference.toFixed(2)}, p = ${p}`);
}
