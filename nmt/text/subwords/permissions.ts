/** The permissions that a stage declares to use subwords. */
export const SUBWORDS_PERMISSIONS = {
  native: ["tokenizers"],
  env: ["NAPI_RS_NATIVE_LIBRARY_PATH", "NAPI_RS_FORCE_WASI"],
  sys: ["cpus", "networkInterfaces", "hostname"],
} as const;
