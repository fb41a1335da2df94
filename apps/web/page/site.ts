/** Reads `site.json`, which describes the build that the page belongs to. */

/** Who wrote a folder, so that the builder may overwrite it. */
export const BUILDER = "ckd-web";

export interface Site {
  readonly builder: typeof BUILDER;
  /** Version of the onnxruntime-web that is in the folder. */
  readonly runtime: string;
  /** Of each direction the students in the order of their folders, then the teacher. */
  readonly models: readonly SiteModel[];
  /** All files but this one and the service worker, which has a list of its own. */
  readonly files: readonly SiteFile[];
}

/** ONNX Runtime's own code in WebAssembly, and the module that starts it. */
export const RUNTIME = "runtime/ort-wasm-simd-threaded.wasm";
export const RUNTIME_SCRIPT = "runtime/ort-wasm-simd-threaded.js";

export interface SiteFile {
  /** Relative to the page. */
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
  /** Media type. */
  readonly type: string;
}

export interface Languages {
  readonly source: string;
  readonly target: string;
}

export interface SiteModel {
  /** Unique in the build, such as "pt-en/rkd". */
  readonly id: string;
  readonly system: string;
  readonly languages: Languages;
  readonly precision: "fp32" | "int8";
  readonly parameters: number;
  /** Ids in all. */
  readonly vocabulary: number;
  /** Of the test set, by the graph itself; undefined where it was not measured. */
  readonly bleu?: number;
  /** Hypotheses that the figures were measured with, and that the page starts with. */
  readonly beam: number;
  /** Subwords that a sentence may have at most. */
  readonly maximumLength: number;
  /** Ids of the end of a sentence, of padding, and of what is unknown; null where no text is. */
  readonly end: number;
  readonly padding: number;
  readonly unknown: number | null;
  /** Exponent of the length that scores are divided by. */
  readonly lengthPenalty: number;
  /** Paths of files of the build. */
  readonly graph: string;
  readonly tokenizer: string;
  readonly card: string;
  /** Where the training text is from. */
  readonly licences: readonly {
    readonly data: string;
    readonly licence: string;
  }[];
  /** What the narrowest of these licences allows. */
  readonly use: "research" | "non-commercial" | "any";
}

/** The file of a path; a build has all that its models name. */
export function fileOf({ files }: Site, path: string): SiteFile {
  const found = files.find((file) => file.path === path);
  if (found === undefined) {
    throw new Error(`Cannot find ${path} in this build; build it again.`);
  }
  return found;
}
