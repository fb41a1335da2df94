/** Public keys, signatures of a manifest, and the trust policy. */
import { z } from "zod";
import { Sha256 } from "./sha256.ts";

/** Version of the file of signatures; a newer one is refused. */
export const SIGNATURES_SCHEMA = 1;

/** An Ed25519 public key as it is printed: `ed25519:` and its 32 bytes in base64url. */
export const PublicKey = z.string().regex(
  /^ed25519:[A-Za-z0-9_-]{43}$/,
  'expected a public key, "ed25519:" and 43 letters, digits, dashes and underscores',
);
export type PublicKey = z.infer<typeof PublicKey>;

/** `manifest.sig.json`, beside the manifest that it is of. */
export const Signatures = z.strictObject({
  schema: z.literal(SIGNATURES_SCHEMA),
  /** SHA-256 of the manifest's bytes. */
  manifest: Sha256,
  /** By the signer's key; 64 bytes in base64url. */
  signatures: z.record(
    PublicKey,
    z.string().regex(/^[A-Za-z0-9_-]{86}$/, "expected an Ed25519 signature"),
  ),
});
export type Signatures = z.infer<typeof Signatures>;

/** The field `trust` of `deno.json`, and the file `trust.json` of a user: the keys whose signatures count, by a name for each. */
export const Trust = z.record(
  z.string().regex(
    /^[A-Za-z0-9][A-Za-z0-9._@ -]{0,63}$/,
    "expected a name of letters, digits, dots, dashes, underscores, spaces and @",
  ),
  PublicKey,
);
export type Trust = z.infer<typeof Trust>;
