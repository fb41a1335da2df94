/** Which runtimes `runtimes.ts` finds: `runtimes_slow.ts` asks for the others before it loads the tests. */
export const tested = { others: false };
