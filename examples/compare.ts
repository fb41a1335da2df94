/** Compares two systems of committed results: `examples/compare.ts EXPERIMENT SYSTEM BASELINE`. */
import { comparedIn, readResults } from "@ckd/ckd";

const [experiment, system, baseline] = Deno.args;
const saved = experiment === undefined
  ? undefined
  : readResults(`${import.meta.dirname}/../artifacts`, experiment);
const found = (saved === undefined ? [] : comparedIn(saved)).filter((
  compared,
) => compared.system === system && compared.baseline === baseline);
if (found.length === 0) {
  console.error(
    `Cannot compare "${system}" with "${baseline}" in "${experiment}": expected EXPERIMENT SYSTEM BASELINE of artifacts/results.`,
  );
  Deno.exit(2);
}
for (const { score, found: { difference, p } } of found) {
  console.log(`${score}: ${difference.toFixed(2)}, p = ${p}`);
}
