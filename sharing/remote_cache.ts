/** Remotes as the cache of a run: the result of a key, if a manifest that is believed names it. */
import { isFailure } from "../engine/files/failure.ts";
import type { Pipeline } from "../engine/graph/graph.ts";
import { sha256 } from "../engine/files/hash.ts";
import { checkMetrics, lackingText } from "../engine/provenance/recompute.ts";
import type { Borrow } from "../engine/run/runner.ts";
import {
  acceptManifest,
  LIMITS,
  type Policy,
} from "../engine/provenance/trust_policy.ts";
import { jsonIfWhole } from "../engine/files/atomic.ts";
import { isInputError } from "../base/input_error.ts";
import type { Manifest, NodeRecord } from "../schemas/manifest.ts";
import { KeyRecord } from "../schemas/sharing.ts";
import { bring, type Source } from "./transfer/download.ts";
import { readSignatures } from "./pull.ts";
import { keyPath, objectPath, type Remote } from "./remotes/remote.ts";
import { isUnreachable, type Patience } from "./remotes/request.ts";
import { settleResult } from "./transfer/commit.ts";
import { readText } from "./remotes/text.ts";

type Named = KeyRecord["manifests"][number];

/** What believed manifests say, by key. */
type Records = ReadonlyMap<string, Recorded>;

interface Recorded {
  readonly node: string;
  readonly record: NodeRecord;
  readonly manifest: Manifest;
}

/** A key's record is short. */
export const RECORD_BYTES = 1 << 14;

/**
 * Nothing that a remote says of a key is believed by itself: its record leads to a manifest, a trusted key has signed that
 * one, and there the key is the hash of the node's preimage. What fails is told, and the node is made here.
 */
export function openBorrowing(
  source: Source,
  policy: Policy,
  pipeline: Pick<Pipeline, "recompute"> = {},
): Borrow {
  const remotes = new Set(source.remotes);
  const manifests = new Map<string, Promise<Records>>();
  /** One at a time: each has many connections by itself, and what arrives of two would lie in the same place. */
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work);
    last = turn.catch(() => {});
    return turn;
  };
  return async (workspace, node, key, ears) => {
    for (const remote of remotes) {
      const acceptOnce = (named: Named) => {
        const id = `${named.sha256} ${named.experiment} ${remote.name}`;
        const accepted = manifests.get(id) ??
          accept(remote, named, policy, source.patience, ears.notice);
        manifests.set(id, accepted);
        return accepted;
      };
      try {
        const found = await find(remote, key, source.patience, acceptOnce);
        if (found === undefined) continue;
        const { record, manifest } = found;
        ears.found(remote.name);
        // Its objects may lie in any of them, in this one first.
        const all = { ...source, remotes: [...new Set([remote, ...remotes])] };
        const artifacts = Object.values(record.outputs);
        await inTurn(() => bring(workspace, artifacts, all, ears));
        const { store } = workspace;
        const lacking = await checkMetrics(
          pipeline,
          manifest,
          store,
          () => {},
          [
            found.node,
          ],
        );
        if (lacking.length > 0) ears.notice(lackingText(lacking).trim());
        settleResult(workspace, record);
        return true;
      } catch (error) {
        if (!isFailure(error)) throw error;
        if (source.patience.signal?.aborted) return false;
        ears.notice(`${node}: ${error.message}`);
        // The next node would wait as long for nothing.
        if (isUnreachable(error)) remotes.delete(remote);
      }
    }
    return false;
  };
}

/** What a believed manifest of a remote says of a key. */
async function find(
  remote: Remote,
  key: string,
  patience: Patience,
  accept: (named: Named) => Promise<Records>,
): Promise<Recorded | undefined> {
  const text = await readText(remote, keyPath(key), RECORD_BYTES, patience);
  const record = readKeyRecord(text);
  for (const named of record?.manifests ?? []) {
    const found = (await accept(named)).get(key);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Undefined where it cannot be read: then nobody has named the key. */
export function readKeyRecord(text: string | undefined): KeyRecord | undefined {
  return KeyRecord.safeParse(jsonIfWhole(text ?? "")).data;
}

/** What a manifest says that lies as an object in a remote; one that is not believed is told once, and says nothing. */
async function accept(
  remote: Remote,
  { experiment, sha256: hash }: Named,
  policy: Policy,
  patience: Patience,
  notice: (line: string) => void,
): Promise<Records> {
  const { manifestBytes } = LIMITS;
  const path = objectPath(hash);
  const text = await readText(remote, path, manifestBytes, patience);
  if (text === undefined || sha256(text) !== hash) return new Map();
  const signatures = await readSignatures(remote, hash, patience);
  try {
    const { manifest } = acceptManifest(text, signatures, experiment, policy);
    const records = Object.entries(manifest.nodes);
    return new Map(
      records.map(([node, record]) => [record.key, { node, record, manifest }]),
    );
  } catch (error) {
    if (!isFailure(error) && !isInputError(error)) throw error;
    notice(`"${remote.name}": ${error.message}`);
    return new Map();
  }
}
