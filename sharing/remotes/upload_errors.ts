/** Errors of uploads, in the same words for every kind of remote. */
import { failure } from "../../engine/files/failure.ts";

export function uploadMismatch(path: string, remote: string): Error {
  return failure(
    `Cannot write "${path}" to "${remote}": it has not arrived as it was sent; push again.`,
  );
}

export function localDamage(sha256: string): Error {
  return failure(
    `Cannot share object ${sha256}: its bytes here are not those that its name says; "verify" tells how to rebuild it.`,
  );
}
