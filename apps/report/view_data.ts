/** What the server hands to the page: the data of each view, which the page draws by what a reader chooses. */

/** The system of a point, line or bar, and how it is drawn. */
export interface Drawn {
  readonly system: string;
  /** A CSS colour. */
  readonly color: string;
}

export interface ScoredSystem extends Drawn {
  /** What it learns from. */
  readonly family: string;
  readonly symbol: string;
  readonly isTeacher: boolean;
  readonly isBest: boolean;
  readonly parameters: number;
  /** BLEU, with its 95 % confidence interval where there is one. */
  readonly score: number;
  readonly low?: number;
  readonly high?: number;
}

/** BLEU of a system in two runs. */
export interface ScoreChange {
  readonly system: string;
  readonly before: number;
  readonly now: number;
}

/** The validations of a model in training. */
export interface Learned extends Drawn {
  /** With its seed where the system has several. */
  readonly name: string;
  /** Minutes of the whole training, where they were measured. */
  readonly minutes?: number;
  readonly points: readonly {
    readonly step: number;
    readonly nll: number;
    readonly trainingLoss?: number;
    readonly bleu?: number;
  }[];
}

/** Similarity of the layers of a student to its teacher's, from 0 to 1. */
export interface LayerSimilarity {
  readonly system: string;
  readonly stack: "encoder" | "decoder";
  /** [teacher layer][student layer], lowest first. */
  readonly values: readonly (readonly number[])[];
  /** The teacher layers that each student layer was made alike. */
  readonly mapped: readonly (readonly number[])[];
}

export interface Attention {
  readonly sentences: readonly {
    readonly source: readonly string[];
    readonly target: readonly string[];
  }[];
  /** The teacher first. */
  readonly models: readonly {
    readonly system: string;
    /** By sentence and layer, lowest first: a row a target subword, hundredths of its attention on each source subword. */
    readonly maps: readonly (readonly (readonly (readonly number[])[])[])[];
  }[];
}

/** The making of a node. */
export interface NodeTime {
  readonly node: string;
  readonly stage: string;
  readonly seconds: number;
}

export interface TestSentences {
  readonly sentences: readonly {
    /** Line of the test set, from 1. */
    readonly line: number;
    readonly source: string;
    readonly reference: string;
  }[];
  readonly systems: readonly {
    readonly system: string;
    /** Of each sentence: the translation and its chrF. */
    readonly outputs: readonly string[];
    readonly chrf: readonly number[];
  }[];
}

/** The data of each view. */
export interface ViewData {
  readonly sizes: readonly ScoredSystem[];
  readonly ranks: readonly ScoredSystem[];
  readonly changes: readonly ScoreChange[];
  readonly curves: readonly Learned[];
  readonly similarity: LayerSimilarity;
  readonly attention: Attention;
  readonly times: readonly NodeTime[];
  readonly sentences: TestSentences;
}
export type ViewName = keyof ViewData;
