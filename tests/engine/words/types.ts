/** Types of the words pipeline, which no stage executes. */
export type Cleaned = string;
