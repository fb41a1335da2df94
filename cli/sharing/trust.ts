/** The keys that a command trusts, and the user's own key. */
import { inputError } from "../../base/input_error.ts";
import { ROOT } from "../../engine/keys/project.ts";
import {
  configFolder,
  signingKeyPath,
} from "../../engine/provenance/signature.ts";
import {
  type Policy,
  readPolicy,
  requireKeys,
} from "../../engine/provenance/trust_policy.ts";

/** The values of `--signed-by` and `--unsigned`. */
export interface TrustOptions {
  readonly signedBy: readonly string[];
  readonly unsigned: boolean;
}

/** The trust policy for manifests of others; an input error if it would accept none, or is of two minds. */
export function policyOf({ signedBy, unsigned }: TrustOptions): Policy {
  if (unsigned && signedBy.length > 0) {
    throw inputError(
      "Cannot use --unsigned with --signed-by: one believes anybody, the other these keys only; leave one of them out.",
    );
  }
  const config = configFolder(Deno.env.toObject());
  const policy = readPolicy({ config, signedBy, unsigned });
  requireKeys(policy, "anybody's manifest");
  return policy;
}

/** The file of the key that commands sign with, which `--key` may name. */
export function keyPath(given: string | undefined): string {
  return signingKeyPath(given, configFolder(Deno.env.toObject()), ROOT);
}

/** Who signed, as text. */
export function signersText(signedBy: readonly string[]): string {
  return signedBy.length === 0
    ? "whoever made it"
    : `signed by ${signedBy.join(", ")}`;
}
