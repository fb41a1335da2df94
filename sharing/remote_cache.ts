/** Remote cache: takes the result of a key from remotes if a trusted manifest contains it. */
import { isFailure } from "../engine/files/failure.ts";
import type { Pipeline } from "../engine/graph/graph.ts";
import { sha256 } from "../engine/files/hash.ts";
import { checkMetrics, lackingText } from "../engine/provenance/recompute.ts";
import { stagedName } from "../engine/store/checkpoints.ts";
import type { RemoteCache } from "../engine/run/runner.ts";
import {
  acceptManifest,
  LIMITS,
  type Policy,
} from "../engine/provenance/trust_policy.ts";
import { jsonIfValid } from "../engine/files/atomic.ts";
import { isInputError } from "../base/input_error.ts";
import type { Manifest, NodeRecord } from "../schemas/manifest.ts";
import { KeyRecord } from "../schemas/sharing.ts";
import { downloadArtifacts } from "./transfer/download.ts";
import { readSignatures } from "./pull.ts";
import { keyPath, objectPath, type Remote } from "./remotes/remote.ts";
import { isUnreachable } from "./remotes/request.ts";
import { commitResult } from "./transfer/commit.ts";
import { readText } from "./remotes/text.ts";

type Named = KeyRecord["manifests"][number];

/** The records of a trusted manifest by key. */
type Records = ReadonlyMap<string, Recorded>;

interface Recorded {
  readonly node: string;
  readonly record: NodeRecord;
  readonly manifest: Manifest;
}

/** The largest key record. */
export const RECORD_BYTES = 1 << 14;

/**
 * A key record in a remote is trusted only as a hint: it names a manifest, which the policy has to accept and in which the
 * key has to be the hash of the node's preimage. Failures become notices, and the node is made locally.
 */
export function openRemoteCache(
  sources: readonly Remote[],
  policy: Policy,
  pipeline: Pick<Pipeline, "recompute"> = {},
): RemoteCache {
  const remotes = new Set(sources);
  const manifests = new Map<string, Promise<Records>>();
  /** Downloads one result at a time, as each uses many connections; other jobs may download those of other keys. */
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work);
    last = turn.catch(() => {});
    return turn;
  };
  return async (workspace, node, key, listener) => {
    for (const remote of remotes) {
      const acceptOnce = (named: Named) => {
        const id = `${named.sha256} ${named.experiment} ${remote.name}`;
        const accepted = manifests.get(id) ??
          accept(remote, named, policy, listener.notice);
        manifests.set(id, accepted);
        return accepted;
      };
      try {
        const found = await find(remote, key, acceptOnce);
        if (found === undefined) continue;
        const { record, manifest } = found;
        listener.found(remote.name);
        // Objects may be in any remote; this one is preferred.
        const all = [...new Set([remote, ...remotes])];
        const artifacts = Object.values(record.outputs);
        await inTurn(() =>
          downloadArtifacts(
            workspace,
            artifacts,
            all,
            listener,
            stagedName(key),
          )
        );
        const { store } = workspace;
        const lacking = await checkMetrics(
          pipeline,
          manifest,
          store,
          () => {},
          [found.node],
        );
        if (lacking.length > 0) listener.notice(lackingText(lacking).trim());
        commitResult(workspace, record);
        return true;
      } catch (error) {
        if (!isFailure(error)) throw error;
        if (remote.network.signal?.aborted) return false;
        listener.notice(`${node}: ${error.message}`);
        // The next node would wait for it in vain.
        if (isUnreachable(error)) remotes.delete(remote);
      }
    }
    return false;
  };
}

/** The record of a key in a trusted manifest of a remote. */
async function find(
  remote: Remote,
  key: string,
  accept: (named: Named) => Promise<Records>,
): Promise<Recorded | undefined> {
  const text = await readText(remote, keyPath(key), RECORD_BYTES);
  const record = readKeyRecord(text);
  for (const named of record?.manifests ?? []) {
    const found = (await accept(named)).get(key);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Parses a key record; undefined if it is missing or malformed. */
export function readKeyRecord(text: string | undefined): KeyRecord | undefined {
  return KeyRecord.safeParse(jsonIfValid(text ?? "")).data;
}

/** The records of a manifest in a remote; one that the policy refuses has none, and is reported once. */
async function accept(
  remote: Remote,
  { experiment, sha256: hash }: Named,
  policy: Policy,
  notice: (line: string) => void,
): Promise<Records> {
  const { manifestBytes } = LIMITS;
  const path = objectPath(hash);
  const text = await readText(remote, path, manifestBytes);
  if (text === undefined || sha256(text) !== hash) return new Map();
  const signatures = await readSignatures(remote, hash);
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
