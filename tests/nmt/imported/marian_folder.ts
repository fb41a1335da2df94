/** A folder with a small model of Marian's, of random weights, as a release has it: an archive and a SentencePiece model. */
import { sha256 } from "../../../engine/files/hash.ts";
import { random } from "../../../nmt/random.ts";
import { type MadeArray, npz, SPECIALS, spm } from "./made.ts";
import { marianArrays } from "./made_marian.ts";

const LETTERS = [..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ,.!?"];

/** Subwords of the folder, with the two that an import adds. */
export const SUBWORDS = SPECIALS.length + 1 + LETTERS.length + 2;

/** What an experiment says of the model. */
export const MADE_MODEL = {
  encoderLayers: 2,
  decoderLayers: 2,
  width: 16,
  feedForward: 24,
  heads: 2,
  norm: "post",
  normEpsilon: 1e-6,
  autoregression: "ssru",
  positions: "tensor2tensor",
  outputBias: true,
} as const;

/** Writes the folder, and a descriptor of it as the model "small". */
export function writeDescribedFolder(folder: string, descriptor: string): void {
  writeMarianFolder(folder);
  const files = ["model.npz", "vocab.spm"].map((name) => {
    const bytes = Deno.readFileSync(`${folder}/${name}`);
    const pinned = { sha256: sha256(bytes), bytes: bytes.length };
    return { name, origin: "the author", licence: "CC0-1.0", ...pinned };
  });
  Deno.writeTextFileSync(
    descriptor,
    JSON.stringify({
      ...{ name: "small", description: "A small model", files },
      languages: { source: "pt", target: "en" },
    }),
  );
}

/** Writes the folder. */
export function writeMarianFolder(folder: string): void {
  const pieces = [
    ...SPECIALS,
    ...["▁", ...LETTERS].map((piece, i) => [piece, -1 - i / 100] as const),
  ];
  const arrays = marianArrays({
    "dim-vocabs": [pieces.length, pieces.length],
    "dim-emb": MADE_MODEL.width,
    "transformer-dim-ffn": MADE_MODEL.feedForward,
    "enc-depth": MADE_MODEL.encoderLayers,
    "dec-depth": MADE_MODEL.decoderLayers,
  });
  const drawn = Object.entries(arrays).map(([name, array]) => {
    const next = random(`made ${name}`, 1);
    const value = () => (next() - 0.5) * (name === "Wemb" ? 0.5 : 1);
    return [
      name,
      array.data instanceof Float32Array
        ? { ...array, data: array.data.map(value) }
        : array,
    ] as const;
  });
  Deno.mkdirSync(folder, { recursive: true });
  const made: Record<string, MadeArray> = Object.fromEntries(drawn);
  Deno.writeFileSync(`${folder}/model.npz`, npz(made));
  Deno.writeFileSync(`${folder}/vocab.spm`, spm(pieces));
}
