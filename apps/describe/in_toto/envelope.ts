/** DSSE: wraps a statement in a signed envelope that in-toto and Sigstore tools read. */
import type { SigningKey } from "../../../engine/provenance/signature.ts";

const PAYLOAD_TYPE = "application/vnd.in-toto+json";

export interface Envelope {
  readonly payloadType: string;
  /** In base64. */
  readonly payload: string;
  readonly signatures: readonly {
    readonly keyid: string;
    /** Ed25519, in base64. */
    readonly sig: string;
  }[];
}

/** The text of a statement, signed. */
export function envelope(statement: string, key: SigningKey): Envelope {
  const payload = new TextEncoder().encode(statement);
  return {
    payloadType: PAYLOAD_TYPE,
    payload: payload.toBase64(),
    signatures: [{
      keyid: key.publicKey,
      sig: key.signEnvelope(PAYLOAD_TYPE, payload).toBase64(),
    }],
  };
}
