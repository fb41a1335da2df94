/** Text files in and out. */
/// <reference lib="dom" />

/** Bytes of a file at most: a longer one takes the page hours. */
const MOST = 1_000_000;

/** The text of a file; an error of one sentence where it is none. */
export async function textOfFile(file: File): Promise<string> {
  const cannot = (why: string) => new Error(`Cannot open ${file.name}: ${why}`);
  if (file.size > MOST) {
    throw cannot(
      `expected at most ${MOST / 1e6} MB, found ${
        (file.size / 1e6).toFixed(1)
      }; split it.`,
    );
  }
  const bytes = await file.arrayBuffer();
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes)
      .replaceAll("\r\n", "\n");
  } catch {
    throw cannot("expected text in UTF-8; save it so in an editor.");
  }
}

/** Saves a text where the browser saves files. */
export function saveText(text: string, name: string): void {
  const address = URL.createObjectURL(
    new Blob([text], { type: "text/plain;charset=utf-8" }),
  );
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
