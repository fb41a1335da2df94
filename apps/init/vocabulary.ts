/** Learns the subwords of a survey in a process of its own: the library draws bars and empty lines on a terminal. */
import { inputError, isInputError } from "../../base/input_error.ts";
import { trainSubwords } from "../../nmt/text/subwords/subwords.ts";
import { sidesOf } from "../../nmt/text/subwords/tokenize.ts";
import { vocabulariesFrom } from "./plans.ts";

/** What the process prints last. */
type Outcome = { readonly size: number } | { readonly refused: string };

/**
 * Writes the subwords of a TSV file as a `tokenizer.json`: as many as are wanted, or the next fewer that its text gives.
 * Returns how many.
 *
 * @throws An input error where it gives too few.
 */
export async function learnVocabulary(
  wanted: number,
  sample: string,
  path: string,
): Promise<number> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--allow-all", import.meta.url],
      ...[String(wanted), sample, path],
    ],
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  if (!success) throw new Error(text(stderr));
  const outcome: Outcome = JSON.parse(text(stdout));
  if ("refused" in outcome) throw inputError(outcome.refused);
  return outcome.size;
}

async function largest(
  [size, ...smaller]: readonly number[],
  sample: string,
  path: string,
): Promise<Outcome> {
  try {
    await trainSubwords(sidesOf(sample), size, path);
    return { size };
  } catch (error) {
    if (!isInputError(error)) throw error;
    return smaller.length === 0
      ? { refused: error.message }
      : largest(smaller, sample, path);
  }
}

if (import.meta.main) {
  const [wanted, sample, path] = Deno.args;
  const sizes = vocabulariesFrom(Number(wanted));
  console.log(JSON.stringify(await largest(sizes, sample, path)));
}
