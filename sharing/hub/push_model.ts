/** Pushes the files of a model to a repository of the Hugging Face Hub; the only importer of its library. */
import { createHash } from "node:crypto";
import {
  commitIter,
  createRepo,
  HubApiError,
  type ListFileEntry,
  listFiles,
} from "@huggingface/hub";
import { failure } from "../../engine/files/failure.ts";
import type { LocalFile, NetworkPolicy } from "../remotes/remote.ts";
import { causeOf, retry, unreachable } from "../remotes/request.ts";
import type { Listener, Transferred } from "../transfer/download.ts";
import { transferProgress } from "../transfer/progress.ts";
import type { HubAccess, HubAddress } from "./address.ts";

/** A file, which has this hash, and its name in the repository. */
export interface ModelFile extends LocalFile {
  readonly name: string;
}

/**
 * Sends the files that the repository lacks, or has otherwise, in one commit, and compares all with what is there then. A
 * repository that is new is private. Other files of the repository stay.
 */
export async function pushModel(
  files: readonly ModelFile[],
  { name, repository }: HubAddress,
  { endpoint, token }: HubAccess,
  network: NetworkPolicy,
  listener: Listener,
): Promise<Transferred> {
  const hub = {
    repo: { type: "model", name: repository },
    hubUrl: endpoint,
    accessToken: token,
    fetch: fetchOf(name, network),
  } as const;
  try {
    const there = await filesThere(hub);
    if (
      there === undefined && await isCreated({ ...hub, visibility: "private" })
    ) {
      listener.notice(
        `"${name}" is new and private; its settings at ${endpoint}/${repository} make it public.`,
      );
    }
    const missing = differing(files, there ?? new Map());
    const bytes = missing.reduce((sum, { bytes }) => sum + bytes, 0);
    const sent = { objects: missing.length, bytes };
    if (missing.length === 0) return sent;
    const progress = transferProgress(sent, listener.progress);
    const unsent = new Map(missing.map(({ name, bytes }) => [name, bytes]));
    const count = (file: string) => {
      const bytes = unsent.get(file);
      if (bytes === undefined) return;
      unsent.delete(file);
      progress.add(bytes);
      progress.finish();
    };
    const events = commitIter({
      ...hub,
      title: "Push an exported model",
      operations: missing.map(({ name, path }) => ({
        operation: "addOrUpdate",
        path: name,
        content: new Blob([Deno.readFileSync(path)]),
      })),
      abortSignal: network.signal,
      // Of the two ways that the Hub takes large files, the one that other servers of its API have, too.
      useXet: false,
    });
    for await (const event of events) {
      const isSent = event.event === "fileProgress" &&
        event.state === "uploading" && event.progress === 1;
      if (isSent) count(event.path);
    }
    // Small files are sent with the commit itself.
    for (const file of [...unsent.keys()]) count(file);
    const [wrong] = differing(files, await filesThere(hub) ?? new Map());
    if (wrong === undefined) return sent;
    throw failure(
      `Cannot push to "${name}": "${wrong.name}" is another file there than was sent; push again.`,
    );
  } catch (error) {
    if (!(error instanceof HubApiError)) throw error;
    throw refused(name, error);
  }
}

/** The files of the repository by name; undefined if there is none. */
async function filesThere(
  hub: Parameters<typeof listFiles>[0],
): Promise<ReadonlyMap<string, ListFileEntry> | undefined> {
  const found = new Map<string, ListFileEntry>();
  try {
    for await (const entry of listFiles({ ...hub, recursive: true })) {
      found.set(entry.path, entry);
    }
  } catch (error) {
    if (error instanceof HubApiError && error.statusCode === 404) {
      return undefined;
    }
    throw error;
  }
  return found;
}

/** Creates a repository; false if there is one, as where the answer to a first attempt was lost. */
async function isCreated(
  repository: Parameters<typeof createRepo>[0],
): Promise<boolean> {
  try {
    await createRepo(repository);
    return true;
  } catch (error) {
    if (error instanceof HubApiError && error.statusCode === 409) return false;
    throw error;
  }
}

/** The files that are not there with the same bytes, by SHA-256 of large ones and Git's hash of others. */
function differing(
  files: readonly ModelFile[],
  there: ReadonlyMap<string, ListFileEntry>,
): ModelFile[] {
  return files.filter(({ name, path, sha256 }) => {
    const { lfs, oid } = there.get(name) ?? {};
    return lfs === undefined ? oid !== gitHash(path, oid) : lfs.oid !== sha256;
  });
}

/** Git's hash of a file, if there is one to compare it with. */
function gitHash(path: string, other: string | undefined): string {
  if (other === undefined) return "";
  const bytes = Deno.readFileSync(path);
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes)
    .digest("hex");
}

/** An upload that is slower has failed: with less, several at once on a slow line would not end. */
const UPLOAD_BYTES_PER_SECOND = 20_000;

/** `fetch` with the retries of a remote, and a time limit that grows with what is sent. */
function fetchOf(name: string, network: NetworkPolicy): typeof fetch {
  return async (input, init) => {
    const sent = 1000 * sizeOf(init?.body) / UPLOAD_BYTES_PER_SECOND;
    const given = [init?.signal, network.signal].flatMap((s) => s ?? []);
    return await retry<Response>(network, async () => {
      const limit = AbortSignal.timeout(network.timeout + Math.ceil(sent));
      const signal = AbortSignal.any([...given, limit]);
      try {
        const value = await fetch(input, { ...init, signal });
        const { status } = value;
        const isTemporary = status >= 500 || status === 408 || status === 429;
        if (!isTemporary) return { value };
        await value.body?.cancel();
        return { reason: `it answers with status ${status}` };
      } catch (error) {
        return { reason: causeOf(error) };
      }
    }, (reason) => unreachable(name, reason));
  };
}

/** The bytes of a body; those that the library sends are texts and files. */
function sizeOf(body: BodyInit | null | undefined): number {
  return body instanceof Blob
    ? body.size
    : typeof body === "string"
    ? body.length
    : 0;
}

/** Without the address of the request, which may hold a signature. */
function refused(name: string, { statusCode, data }: HubApiError): Error {
  const reason = data?.error;
  const said = typeof reason === "string" ? ` (${reason})` : "";
  const hint = statusCode === 401 || statusCode === 403
    ? "check that the token is valid and may write there"
    : "check the address";
  return failure(
    `Cannot push to "${name}": the Hub answers with status ${statusCode}${said}; ${hint}.`,
  );
}
