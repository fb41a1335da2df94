/** Tar archives for tests, header by header, so that they may hold what no tool would write. */

export interface Member {
  readonly path: string;
  readonly text?: string;
  /** Type flag: "0" a file, "1" a link, "2" a symbolic link, "5" a folder. */
  readonly type?: string;
  readonly link?: string;
  /** What the header says, where that is not the size of the text. */
  readonly size?: number;
}

const BLOCK = 512;

/** An archive of some members, compressed with gzip. */
export async function tgzOf(
  members: readonly Member[],
): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([
    ...members.flatMap(blocksOf),
    new Uint8Array(2 * BLOCK),
  ])
    .stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function blocksOf(
  { path, text = "", type = "0", link = "", size }: Member,
): Uint8Array<ArrayBuffer>[] {
  const content = new TextEncoder().encode(text);
  const header = new Uint8Array(BLOCK);
  const put = (at: number, value: string) =>
    header.set(new TextEncoder().encode(value), at);
  const octal = (value: number, digits: number) =>
    `${value.toString(8).padStart(digits, "0")}\0`;
  put(0, path);
  put(100, octal(0o644, 7));
  put(108, octal(0, 7));
  put(116, octal(0, 7));
  put(124, octal(size ?? content.length, 11));
  put(136, octal(0, 11));
  put(148, " ".repeat(8));
  put(156, type);
  put(157, link);
  put(257, "ustar\x0000");
  put(148, `${octal(header.reduce((sum, byte) => sum + byte), 6)} `);
  const padded = new Uint8Array(Math.ceil(content.length / BLOCK) * BLOCK);
  padded.set(content);
  return [header, padded];
}
