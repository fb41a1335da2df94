/** Counters, histograms and gauges in Prometheus's text format. */

/** Upper ends of a histogram's buckets, in seconds. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export type Labels = Readonly<Record<string, string>>;

export interface Counter {
  add(labels?: Labels): void;
}

export interface Histogram {
  observe(seconds: number): void;
}

export interface Metrics {
  counter(name: string, help: string): Counter;
  histogram(name: string, help: string): Histogram;
  /** A value that is computed when the metrics are read. */
  gauge(name: string, help: string, value: () => number): void;
  text(): string;
}

export function createMetrics(): Metrics {
  const parts: (() => string)[] = [];
  const add = (
    type: string,
    name: string,
    help: string,
    samples: () => readonly string[],
  ) =>
    parts.push(() =>
      [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples()]
        .join("\n") + "\n"
    );
  return {
    counter: (name, help) => {
      const counts = new Map<string, number>();
      add(
        "counter",
        name,
        help,
        () => [...counts].map(([labels, count]) => `${name}${labels} ${count}`),
      );
      return {
        add: (labels = {}) => {
          const key = written(labels);
          counts.set(key, (counts.get(key) ?? 0) + 1);
        },
      };
    },
    histogram: (name, help) => {
      const counts = BUCKETS.map(() => 0);
      let count = 0, sum = 0;
      add("histogram", name, help, () => [
        ...BUCKETS.map((end, i) =>
          `${name}_bucket${written({ le: String(end) })} ${counts[i]}`
        ),
        `${name}_bucket${written({ le: "+Inf" })} ${count}`,
        `${name}_sum ${sum}`,
        `${name}_count ${count}`,
      ]);
      return {
        observe: (seconds) => {
          BUCKETS.forEach((end, i) => counts[i] += seconds <= end ? 1 : 0);
          count++;
          sum += seconds;
        },
      };
    },
    gauge: (name, help, value) => {
      add("gauge", name, help, () => [`${name} ${value()}`]);
    },
    text: () => parts.map((part) => part()).join(""),
  };
}

function written(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) =>
    `${name}="${
      value.replace(/["\\\n]/g, (sign) => sign === "\n" ? "\\n" : `\\${sign}`)
    }"`
  );
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}
