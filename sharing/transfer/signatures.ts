/** The signatures of a manifest as they travel with it: those of another manifest are none. */
import { jsonIfWhole } from "../../engine/files/atomic.ts";
import { canonical } from "../../engine/files/hash.ts";
import { Signatures } from "../../schemas/signature.ts";

/** The signatures in a text, or undefined unless they are of the manifest that has this hash. */
export function readSignaturesOf(
  manifest: string,
  text: string | undefined,
): Signatures | undefined {
  const found = Signatures.safeParse(jsonIfWhole(text ?? "")).data;
  return found?.manifest === manifest ? found : undefined;
}

/** The signatures of one manifest in two texts as one text: several people sign it, each in a place of their own. */
export function mergeSignatures(
  manifest: string,
  ours: string,
  theirs: string | undefined,
): string {
  const [own, others] = [ours, theirs].map((text) =>
    readSignaturesOf(manifest, text)
  );
  if (own === undefined || others === undefined) return ours;
  const signatures = { ...others.signatures, ...own.signatures };
  return canonical({ ...own, signatures }) + "\n";
}
