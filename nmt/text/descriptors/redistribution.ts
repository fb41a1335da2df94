/** Whether the terms of data or a model let others have a copy. */

/** How it is said that no terms are known. */
const NOT_STATED =
  /^(?:not (?:stated|known|given)|unknown|none|no ?licen[cs]e|no ?assertion)$/i;

/** How terms forbid to pass on what has them, and to pass it on when it was changed. */
const NO_COPIES =
  /(?:\b(?:no|never|without)|not|n['’]t)\s+(?:(?!restrict|limit)\w+\s+){0,3}(?:re)?distribut|distribution\s+(?:(?:is|are)\s+)?(?:strictly\s+)?(?:prohibited|forbidden|not\s+(?:allowed|permitted))|all rights reserved|proprietary|confidential|\bunlicensed\b/i;
const NO_CHANGED_COPIES = /\bND\b|no-?\s?deriv/i;

/**
 * Why terms do not let anybody pass on a copy in another form, as the end of a sentence; undefined where their wording
 * does not forbid it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { whyNotPassedOn } from "./redistribution.ts";
 *
 * assertEquals(whyNotPassedOn("CC-BY-4.0"), undefined);
 * assertEquals(whyNotPassedOn("CC BY-ND 4.0"), "does not allow changed copies");
 * ```
 */
export function whyNotPassedOn(licence: string): string | undefined {
  if (NOT_STATED.test(licence.trim())) return "is not stated";
  if (NO_COPIES.test(licence)) return "does not allow copies";
  return NO_CHANGED_COPIES.test(licence)
    ? "does not allow changed copies"
    : undefined;
}
