/** Cleans text. */
import type { Cleaned } from "./types.ts";

// Runs of spaces count as one.
export const clean = (text: string, lowercase: boolean): Cleaned => {
  const single = text.replace(/ +/g, " ");
  return lowercase ? single.toLowerCase() : single;
};
