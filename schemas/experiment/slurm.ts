/** What an experiment asks of Slurm: options of `sbatch` by a name or glob of nodes, of which later ones win. */
import { z } from "zod";

/** What the executor decides by itself. */
const RESERVED = [
  ..."array chdir dependency error input job-name output parsable requeue no-requeue test-only wait wrap"
    .split(" "),
];

const OptionName = z.string().regex(
  /^[a-z][a-z0-9-]*$/,
  'expected the long name of an option of sbatch, such as "partition"',
).refine(
  (name) => !RESERVED.includes(name),
  "the executor sets this option itself",
);

const OptionValue = z.union([z.string(), z.number(), z.literal(true)], {
  error: "expected a text, a number, or true for an option without a value",
});

/** Options of `sbatch` by their long names. Whoever lists processes sees them, and they stand in files of experiments. */
export const SbatchOptions = z.record(OptionName, OptionValue).refine(
  (options) => !String(options.export ?? "").includes("="),
  {
    path: ["export"],
    message:
      'expected names of variables only, as anyone may see the values; set them where you submit, and name them, such as "ALL,NAME"',
  },
);
export type SbatchOptions = z.infer<typeof SbatchOptions>;

export const Slurm = z.record(z.string(), SbatchOptions);
export type Slurm = z.infer<typeof Slurm>;
