/** Symbolic sizes: each is a number from which any product of sizes can be factored. */
import type { Program } from "../program.ts";

/** Where a symbol's real value is found: an axis of an input, plus an offset. */
export interface Symbol {
  readonly name: string;
  readonly sentinel: number;
  readonly input: string;
  readonly axis: number;
  readonly offset: 0 | 1;
}

const PRIMES = [
  37,
  41,
  43,
  53,
  61,
  67,
  71,
  73,
  79,
  97,
  101,
  103,
  109,
  113,
  127,
];
/** Twice a prime, followed by a prime, none of them above: for a size that is also used plus one. */
const PAIRS = [46, 58, 166, 178];

/**
 * Chooses a sentinel for each symbolic size of the inputs. No sentinel divides a static size, or one plus the column of
 * ones that multiplies a bias, so that a size divisible by a sentinel always stands for the symbol. Fails when the static
 * sizes leave too few sentinels.
 */
export function chooseSymbols(
  { inputs, successors = [] }: Pick<Program, "inputs" | "successors">,
): Symbol[] {
  const statics = Object.values(inputs).flatMap((spec) =>
    spec.shape.filter((dim) => typeof dim === "number")
  ).flatMap((size) => [size, size + 1]);
  const free = (sentinel: number) =>
    !statics.some((size) => size > 0 && size % sentinel === 0);
  const primes = PRIMES.filter(free);
  // Their prime alone must be free: an even size would complete it to the sentinel.
  const pairs = PAIRS.filter((size) => free(size / 2) && free(size + 1));
  const symbols: Symbol[] = [];
  for (const [input, spec] of Object.entries(inputs)) {
    spec.shape.forEach((name, axis) => {
      if (
        typeof name === "number" ||
        symbols.some((symbol) => symbol.name === name)
      ) return;
      const sentinel = successors.includes(name)
        ? pairs.shift()
        : primes.shift();
      if (sentinel === undefined) {
        throw new Error(
          `Cannot stand in for size ${name}: no sentinel is left`,
        );
      }
      symbols.push({ name, sentinel, input, axis, offset: 0 });
      if (successors.includes(name)) {
        symbols.push({
          name: `${name}+1`,
          sentinel: sentinel + 1,
          input,
          axis,
          offset: 1,
        });
      }
    });
  }
  return symbols;
}

export interface Factors {
  readonly coefficient: number;
  /** Symbols whose product, times the coefficient, is the size; a symbol may be repeated. */
  readonly symbols: readonly Symbol[];
}

/** Takes a size apart into a static coefficient and symbols. */
export function factor(size: number, symbols: readonly Symbol[]): Factors {
  const found: Symbol[] = [];
  let coefficient = size;
  for (const symbol of symbols) {
    while (coefficient > 0 && coefficient % symbol.sentinel === 0) {
      coefficient /= symbol.sentinel;
      found.push(symbol);
    }
  }
  return { coefficient, symbols: found };
}
