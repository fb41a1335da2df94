/** A node of a run as descriptions use it: its record, outputs and times. */
import type {
  Artifact,
  Json,
  Listing,
  NodeRecord,
} from "../../schemas/manifest.ts";

export interface MadeNode {
  readonly name: string;
  readonly record: NodeRecord;
  readonly outputs: readonly MadeOutput[];
  /** Where the record of its run is there. */
  readonly making?: Making;
}

/** Times as ISO 8601; without the pauses between the attempts that it took. */
export interface Making {
  readonly began: string;
  readonly ended: string;
  readonly machine?: Json;
}

export interface MadeOutput {
  readonly name: string;
  /** A path that names its node, such as `student.rkd/model.safetensors`. */
  readonly path: string;
  readonly artifact: Artifact;
  /** Of a folder, its files, where its listing is there. */
  readonly files?: Listing;
  /** Where its bytes lie; undefined where they are gone. */
  readonly at?: string;
}
