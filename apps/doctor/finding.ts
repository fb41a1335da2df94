/** What the doctor says of one thing that a machine may have. */
export interface Finding {
  readonly name: string;
  readonly usable: boolean;
  /** What is there; or one sentence that says what is missing and how to get it. */
  readonly detail: string;
}
