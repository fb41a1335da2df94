/** Reads and merges the signatures that are shared with a manifest; those of another manifest are ignored. */
import { jsonIfValid } from "../../engine/files/atomic.ts";
import { canonical } from "../../engine/files/hash.ts";
import { Signatures } from "../../schemas/signature.ts";

/** The signatures in a text, or undefined if they are not of the manifest with this hash. */
export function readSignaturesOf(
  manifest: string,
  text: string | undefined,
): Signatures | undefined {
  const found = Signatures.safeParse(jsonIfValid(text ?? "")).data;
  return found?.manifest === manifest ? found : undefined;
}

/** Merges two texts of signatures of one manifest, which several people may sign. */
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
