/** The committed tasks, and the table of them. */
import { z } from "zod";
import { markdown } from "../../nmt/metrics/layout.ts";
import { TASKS } from "./tasks.ts";

const effort = z.int().min(0);

const Attempt = z.union([
  z.strictObject({ no: z.string() }),
  z.strictObject({
    lacks: z.string().optional(),
    clicks: effort,
    keys: effort,
    turns: effort,
    hovers: effort,
    all: z.array(z.number()).min(1),
    machineSeconds: z.number(),
    personSeconds: z.number(),
  }),
]);
export type CommittedAttempt = z.infer<typeof Attempt>;

/** `bench/results/report_tasks.json`, beside where and by what it was measured. */
export const ReportTasks = z.object({
  date: z.string(),
  run: z.object({
    experiment: z.string(),
    models: z.int(),
    earlier: z.int(),
  }),
  tools: z.array(z.strictObject({
    name: z.string(),
    startSeconds: z.number(),
    tasks: z.record(z.enum(TASKS), Attempt),
  })),
});
export type ReportTasks = z.infer<typeof ReportTasks>;

const COMMITTED = new URL("../results/report_tasks.json", import.meta.url);

/** The figures that are committed. */
export function committedTasks(): ReportTasks {
  return ReportTasks.parse(JSON.parse(Deno.readTextFileSync(COMMITTED)));
}

/** Clicks or keys, seconds of the machine and of the person, and what an answer lacks. */
export function tasksTable({ tools }: ReportTasks): string {
  const full = ({ tasks }: ReportTasks["tools"][number]) =>
    TASKS.filter((task) =>
      !("no" in tasks[task]) && tasks[task].lacks === undefined
    ).length;
  const part = ({ tasks }: ReportTasks["tools"][number]) =>
    TASKS.filter((task) => !("no" in tasks[task])).length;
  return markdown([{
    columns: ["question", ...tools.map(({ name }) => name)],
    rows: [
      ...TASKS.map((
        task,
      ) => [task, ...tools.map(({ tasks }) => cellOf(tasks[task]))]),
      [
        "answered in full, or at all",
        ...tools.map((tool) => `${full(tool)}, ${part(tool)}`),
      ],
      [
        "seconds until it can be asked for",
        ...tools.map(({ startSeconds }) => startSeconds.toFixed(1)),
      ],
    ],
  }]);
}

function cellOf(attempt: CommittedAttempt): string {
  if ("no" in attempt) return `no: ${attempt.no}`;
  const { clicks, keys, machineSeconds, personSeconds, lacks } = attempt;
  const counted = (count: number, what: string) =>
    count === 0 ? [] : [`${count} ${what}${count === 1 ? "" : "s"}`];
  const pressed = [...counted(clicks, "click"), ...counted(keys, "key")];
  const hands = pressed.length === 0 ? "nothing" : pressed.join(", ");
  const seconds = `${machineSeconds.toFixed(1)} + ${
    personSeconds.toFixed(1)
  } s`;
  return `${hands}, ${seconds}${lacks === undefined ? "" : `; ${lacks}`}`;
}
