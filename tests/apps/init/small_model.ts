/** A folder with a small public model for tests of `pipeline init`: most of its subwords are not in their corpus. */
import { join } from "@std/path";
import { random } from "../../../nmt/random.ts";
import {
  type MadeArrays,
  npz,
  SPECIALS,
  spm,
} from "../../nmt/imported/made.ts";
import { marianArrays } from "../../nmt/imported/made_marian.ts";

const LETTERS = "abcdefghijklmnopqrstuvwxyz";

/** Subwords that the corpus of the tests does not have. */
export const RARE = [...LETTERS].flatMap((letter) =>
  [..."qwxyzkj"].map((rare) => `${rare}x${letter}`)
);

const PIECES = [
  ...SPECIALS,
  ...["▁", ...LETTERS, ...RARE].map((piece, i) =>
    [piece, -1 - i / 100] as const
  ),
];

/** Its subwords, with the two that an import adds. */
export const SUBWORDS = PIECES.length + 2;

/** Layers of its encoder and decoder. */
export const LAYERS = { encoder: 4, decoder: 2 };

/** Writes the folder with weights by chance; the settings may ask for another architecture. */
export function writeSmallModel(
  folder: string,
  settings: Readonly<Record<string, unknown>> = {},
): void {
  const arrays: MadeArrays = Object.fromEntries(
    Object.entries(marianArrays({
      "dim-vocabs": [PIECES.length, PIECES.length],
      "dim-emb": 16,
      "transformer-dim-ffn": 320,
      "enc-depth": LAYERS.encoder,
      "dec-depth": LAYERS.decoder,
      ...settings,
    })).map(([name, array]) => {
      if (!(array.data instanceof Float32Array)) return [name, array];
      const next = random(`small ${name}`, 1);
      return [name, { ...array, data: array.data.map(() => next() - 0.5) }];
    }),
  );
  Deno.mkdirSync(folder, { recursive: true });
  Deno.writeFileSync(join(folder, "model.npz"), npz(arrays));
  Deno.writeFileSync(join(folder, "vocab.spm"), spm(PIECES));
}
