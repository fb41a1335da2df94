/** A client that sends bytes as they are, and looks at what comes back. */

export interface Outcome {
  /** Of the first answer; 0 where the connection was closed without one, -1 where nothing happened in time. */
  readonly status: number;
  readonly text: string;
}

/** Sends all, and reads until the first answer is whole or the connection is closed. */
export async function exchange(
  url: string,
  bytes: Uint8Array<ArrayBuffer>,
  { isCut = false, patience, seconds = 30 }: {
    /** Ends its side once all is sent. */
    readonly isCut?: boolean;
    /** Ends its side after so many milliseconds. */
    readonly patience?: number;
    readonly seconds?: number;
  } = {},
): Promise<Outcome> {
  const { hostname, port } = new URL(url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  const timer = setTimeout(() => {
    isLate = true;
    connection.close();
  }, seconds * 1000);
  const impatience = patience === undefined
    ? undefined
    : setTimeout(() => void connection.closeWrite().catch(() => {}), patience);
  let isLate = false, text = "";
  // A server may answer, and close, before it has all.
  const sent = (async () => {
    for (let start = 0; start < bytes.length;) {
      start += await connection.write(bytes.subarray(start));
    }
    if (isCut) await connection.closeWrite();
  })().catch(() => {});
  try {
    const decoder = new TextDecoder("latin1");
    const buffer = new Uint8Array(1 << 16);
    while (!isWhole(text)) {
      const count = await connection.read(buffer);
      if (count === null) break;
      text += decoder.decode(buffer.subarray(0, count));
    }
  } catch {
    // Reset, or closed above: what was read counts.
  } finally {
    clearTimeout(timer);
    clearTimeout(impatience);
    if (!isLate) connection.close();
    await sent;
  }
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1] ?? 0);
  return { status: status === 0 && isLate ? -1 : status, text };
}

function isWhole(text: string): boolean {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return false;
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, end))?.[1];
  return text.length >= end + 4 + Number(length ?? 0);
}

/** Asks for the health of a server until it is told to end; gives the longest time, in milliseconds. */
export function watchHealth(url: string): () => Promise<number> {
  let longest = 0, isDone = false;
  const watching = (async () => {
    while (!isDone) {
      const begin = performance.now();
      const response = await fetch(`${url}/health`);
      await response.body?.cancel();
      longest = Math.max(longest, performance.now() - begin);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })();
  return async () => {
    isDone = true;
    await watching;
    return longest;
  };
}
