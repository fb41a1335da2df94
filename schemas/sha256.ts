/** SHA-256 hashes in hexadecimal digits. */
import { z } from "zod";

export const Sha256 = z.string().regex(
  /^[0-9a-f]{64}$/,
  "expected a SHA-256 of 64 hexadecimal digits in lower case",
);
