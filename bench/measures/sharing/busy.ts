/**
 * Keeps a core busy with arithmetic until standard input closes; then prints, as one JSON line, how many rounds it did in
 * each tenth of a second and how long that was: a core that others want too makes it longer, or the rounds fewer.
 */
const SLICE_MS = 100;

/** Steps of the generator below in a round: about a millisecond. */
const ROUND = 500_000;

let isTold = false;
const input = Deno.stdin.readable.getReader();
(async () => {
  while (!(await input.read()).done);
  isTold = true;
})();

const slices: { readonly rounds: number; readonly ms: number }[] = [];
let number = 1;
while (!isTold) {
  const began = performance.now();
  let rounds = 0, ms = 0;
  while (ms < SLICE_MS) {
    for (let i = 0; i < ROUND; i++) {
      number = Math.imul(number, 1664525) + 1013904223;
    }
    rounds++;
    ms = performance.now() - began;
  }
  slices.push({ rounds, ms });
  // So that the end of standard input is seen.
  await new Promise((resolve) => setTimeout(resolve));
}
console.log(JSON.stringify({ slices, number }));
