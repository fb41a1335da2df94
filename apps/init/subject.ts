/** What a new experiment is about. */
import type {
  Data,
  Languages,
  ParallelFiles,
} from "../../schemas/experiment/data.ts";
import type { Size } from "./plans.ts";

export interface Subject {
  /** The user's own. */
  readonly data: Data & { readonly train: ParallelFiles };
  readonly languages: Languages;
  readonly size: Size;
  readonly seed: number;
}
