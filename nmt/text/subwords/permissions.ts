/** What a stage has to declare of what it may touch to use subwords. */
export const SUBWORDS_PERMISSIONS = {
  native: ["tokenizers"],
  env: ["NAPI_RS_NATIVE_LIBRARY_PATH", "NAPI_RS_FORCE_WASI"],
  sys: ["cpus", "networkInterfaces", "hostname"],
} as const;
