/**
 * Distributions of lib-r-math.js, whose logger reads its settings from `localStorage` when it is loaded. Deno keeps that in a
 * database in its cache, and fails where the cache is read-only. An empty one stands in while the package is loaded.
 */
const storage = Object.getOwnPropertyDescriptor(globalThis, "localStorage");
Object.defineProperty(globalThis, "localStorage", {
  value: { getItem: () => null },
  configurable: true,
});

export const { pnorm, qchisq, qnorm, qt } = await import("lib-r-math.js");

if (storage === undefined) Reflect.deleteProperty(globalThis, "localStorage");
else Object.defineProperty(globalThis, "localStorage", storage);
