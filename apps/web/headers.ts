/** What every answer tells the browser beside its content: to ask nobody else for anything, and to share with nobody. */

/** Of the page, also where its host sets no headers. */
export const POLICY = [
  "default-src 'none'",
  // WebAssembly is compiled, no text is ever run.
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

export const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": `${POLICY}; frame-ancestors 'none'`,
  // A page that is isolated so may share memory between threads.
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};
