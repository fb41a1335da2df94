/** Sparklines: a series of numbers, such as a loss, as one line of small bars. */

const BARS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/** A series of any length in constant memory: means of ever more numbers each. */
export interface Series {
  add(value: number): void;
  /** The means, in the order of their numbers. */
  means(): readonly number[];
}

interface Mean {
  readonly sum: number;
  readonly count: number;
}

/** Keeps at most `room` means; `room` is even. */
export function createSeries(room = 128): Series {
  let full: Mean[] = [];
  let open: Mean = { sum: 0, count: 0 };
  let stride = 1;
  return {
    add: (value) => {
      if (!Number.isFinite(value)) return;
      open = added(open, { sum: value, count: 1 });
      if (open.count < stride) return;
      full.push(open);
      open = { sum: 0, count: 0 };
      if (full.length < room) return;
      full = parts(full, room / 2).map((part) => part.reduce(added));
      stride *= 2;
    },
    means: () =>
      [...full, ...open.count > 0 ? [open] : []]
        .map(({ sum, count }) => sum / count),
  };
}

/** At most `width` bars, scaled from the lowest mean to the highest. */
export function sparkline(values: readonly number[], width: number): string {
  const means = values.length <= width
    ? values
    : parts(values, width).map((part) =>
      part.reduce((sum, value) => sum + value) / part.length
    );
  const [low, high] = [Math.min(...means), Math.max(...means)];
  return means.map((value) => {
    const height = high === low ? 0 : (value - low) / (high - low);
    return BARS[Math.round(height * (BARS.length - 1))];
  }).join("");
}

/** Splits a list into consecutive parts of nearly equal size, none of them empty. */
function parts<T>(list: readonly T[], count: number): T[][] {
  return Array.from({ length: count }, (_, i) =>
    list.slice(
      Math.floor(i * list.length / count),
      Math.floor((i + 1) * list.length / count),
    ));
}

function added(one: Mean, other: Mean): Mean {
  return { sum: one.sum + other.sum, count: one.count + other.count };
}
