/** What is typed, as links and reloads carry it: an address with `?text=`, and the storage of the browser's tab. */
/// <reference lib="dom" />

export interface Session {
  readonly text: string;
  /** Source and target language, such as "pt en"; undefined if nothing says. */
  readonly direction?: string;
}

/** Characters of a link at most: more is refused by some servers. */
const LONGEST = 6000;

/** What the address says, else what was typed before the page was loaded again. Later reloads have what is typed then. */
export function openSession(address: URL): Session {
  const { searchParams } = address;
  const text = searchParams.get("text");
  if (text !== null) {
    const direction = searchParams.get("direction") ?? undefined;
    history.replaceState(null, "", address.pathname);
    keepSession(address, { text, direction });
    return { text, direction };
  }
  try {
    const { text, direction }: Partial<Record<keyof Session, unknown>> = JSON
      .parse(sessionStorage.getItem(keyOf(address)) ?? "{}");
    return {
      text: typeof text === "string" ? text : "",
      direction: typeof direction === "string" ? direction : undefined,
    };
  } catch {
    // A browser may keep nothing for pages.
    return { text: "" };
  }
}

/** Keeps what is typed until the tab is closed. */
export function keepSession(address: URL, session: Session): void {
  try {
    sessionStorage.setItem(keyOf(address), JSON.stringify(session));
  } catch {
    // The text is too long for the browser, or it keeps nothing: a reload forgets it.
  }
}

/** The address that opens the page with a text; undefined where the text is too long for one. */
export function linkOf(
  address: URL,
  { text, direction }: Session,
): string | undefined {
  const link = new URL(address.pathname, address);
  link.searchParams.set("text", text);
  if (direction !== undefined) link.searchParams.set("direction", direction);
  return link.href.length > LONGEST ? undefined : link.href;
}

/** Pages of one origin may lie in several folders. */
const keyOf = ({ pathname }: URL) => `ckd-web text ${pathname}`;
