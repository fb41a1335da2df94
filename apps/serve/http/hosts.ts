/** Checks the Host header against the names of the server, which prevents DNS rebinding. */
import { isIP } from "node:net";

/** Loopback, however a server listens: it is this machine. */
const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];

/** Those that stand for all addresses of the machine. */
const ANY = ["0.0.0.0", "[::]"];

/** Tells of the host of a request, without its port, whether it is one of this server. */
export function hostCheck(
  listening: string,
  allowed: readonly string[],
): (hostname: string) => boolean {
  const own = [listening, ...allowed].map((name) =>
    hostnameOf(name) ?? name.toLowerCase()
  );
  const names = new Set([...LOOPBACK, ...own]);
  const isAny = ANY.includes(own[0]);
  return (hostname) =>
    names.has(hostname) || hostname.endsWith(".localhost") ||
    // An address is no name that could be made to lead here.
    isAny && isIP(hostname.replace(/^\[|\]$/g, "")) !== 0;
}

/** The host of a header `Host`, in the form of URLs and without its port; undefined where it is none. */
export function hostnameOf(header: string): string | undefined {
  const text = isIP(header) === 6 ? `[${header}]` : header;
  if (!/^[^\s/?#@\\]+$/.test(text)) return undefined;
  return URL.parse(`http://${text}`)?.hostname;
}
