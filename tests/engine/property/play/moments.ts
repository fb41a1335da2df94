/** Events during a run: at which moment of which node, and what happens. */
import type { Dice } from "../model/dice.ts";

/** In the order in which a node comes to them; the first one comes before the nodes. */
export const MOMENTS = [
  "while the run waits for its lock",
  "before a node starts",
  "while its data are copied",
  "before its code is read",
  "before it reads",
  "while it runs",
  "before its outputs are stored",
  "after it ended",
] as const;
export type Moment = typeof MOMENTS[number];

/** The moments at which a stage's process is alive. */
export const ALIVE = [
  "before its code is read",
  "before it reads",
  "while it runs",
  "before its outputs are stored",
] as const satisfies readonly Moment[];

/** Called at each moment; while a process of the node is alive, the node waits for the promise. */
export type Happen = (moment: Moment, node: string) => void | Promise<void>;

/** Something that happens when a moment has come for the last of so many times. */
export interface Event {
  readonly moment: Moment;
  times: number;
  /** `node` is empty before the first one. */
  happen(node: string): void;
}

export function randomMoment(dice: Dice): Pick<Event, "moment" | "times"> {
  const moment = dice.pick(MOMENTS);
  const times = moment === MOMENTS[0] ? 1 : 1 + dice.below(3);
  return { moment, times };
}

/** Has each event happen when its time has come; `isDone` says whether all have. */
export function timetable(
  events: readonly Event[],
): { readonly happen: Happen } {
  return {
    happen: (moment, node) => {
      for (const event of events) {
        if (event.moment === moment && event.times-- === 1) event.happen(node);
      }
    },
  };
}
