/** What a new experiment is about. */
import type { Data, Languages } from "../../schemas/experiment/data.ts";
import type { Size } from "./plans.ts";

export interface Subject {
  readonly data: Data;
  readonly languages: Languages;
  readonly size: Size;
  readonly seed: number;
}
