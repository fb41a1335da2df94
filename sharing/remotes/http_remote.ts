/** A read-only remote on any static HTTP server, which may not redirect to other hosts. */
import { isPrivate, withoutPassword } from "../../base/addresses.ts";
import { inputError } from "../../base/input_error.ts";
import type { NetworkPolicy, Remote } from "./remote.ts";
import { type Answer, contentOf, sendRequest, unusable } from "./request.ts";

/** The environment variable that names hosts, such as `cdn.example.org`, to which a remote may redirect. */
export const REDIRECTS = "CKD_REDIRECTS";

const MAX_REDIRECTS = 5;

/** Opens the server at an address; `redirects` are the hosts that the user allows, separated by commas. */
export function openHttp(
  address: string,
  network: NetworkPolicy,
  redirects = "",
): Remote {
  const base = baseOf(address);
  const allowed = redirects.split(/[\s,]+/).filter((host) => host !== "");
  const answerOf = async (path: string, from: number): Promise<Answer> => {
    let url = new URL(
      base + path.split("/").map(encodeURIComponent).join("/"),
    );
    for (let hops = 0;; hops++) {
      const init: RequestInit = {
        headers: rangeFrom(from),
        redirect: "manual",
      };
      const answer = await sendRequest(base, () => ({ url, init }), network);
      const location = locationOf(answer);
      if (location === undefined) return answer;
      await answer.discard();
      url = redirected(url, location, base, allowed);
      if (hops === MAX_REDIRECTS) {
        throw unusable(
          `Cannot read "${path}" of "${base}": it leads on more than ${MAX_REDIRECTS} times; check the address.`,
        );
      }
    }
  };
  const remote: Remote = {
    name: base,
    network,
    read: async (path, from) =>
      await contentOf(
        base,
        path,
        await answerOf(path, from),
        from,
        () => remote.read(path, 0),
      ),
  };
  return remote;
}

function locationOf({ status, headers }: Answer): string | undefined {
  const isRedirect = [301, 302, 303, 307, 308].includes(status);
  return isRedirect ? headers.get("location") ?? undefined : undefined;
}

/**
 * The target of a redirect.
 *
 * @throws {Error} A failure unless it is the same host or one that the user allows, and HTTPS if the source is.
 */
function redirected(
  from: URL,
  location: string,
  base: string,
  allowed: readonly string[],
): URL {
  const to = URL.canParse(location, from) ? new URL(location, from) : undefined;
  if (to === undefined || !/^https?:$/.test(to.protocol)) {
    throw unusable(
      `Cannot follow "${base}": it leads to what is no address of the web; check the address.`,
    );
  }
  const isSame = to.host === from.host ||
    to.hostname === from.hostname && to.port === "" && from.port === "";
  const isDowngrade = from.protocol === "https:" && to.protocol === "http:";
  if (!isDowngrade && (isSame || allowed.includes(to.host))) return to;
  const host = isDowngrade ? `${to.host}, without encryption,` : to.host;
  throw unusable(
    `Cannot follow "${base}" to ${host}${
      isPrivate(to) ? " in a private network" : ""
    }: expected that a remote answers by itself; ${
      isDowngrade
        ? "check the address"
        : `if you mean that host too, name it in the environment variable ${REDIRECTS}`
    }.`,
  );
}

/** Headers that request the uncompressed bytes of a file from one on. */
function rangeFrom(from: number): Record<string, string> {
  return {
    "accept-encoding": "identity",
    ...from > 0 ? { range: `bytes=${from}-` } : {},
  };
}

function baseOf(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined) {
    throw inputError(
      `Cannot use "${
        withoutPassword(address)
      }" as a remote: expected an address such as https://example.org/models.`,
    );
  }
  // Not repeated in the sentence: it may hold a password or a token.
  if (url.username !== "" || url.password !== "" || url.search + url.hash) {
    throw inputError(
      `Cannot use the address at "${url.host}" as a remote: expected one without user, password, "?" and "#"; a remote that needs credentials is one of S3, with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment.`,
    );
  }
  return url.href.replace(/(?<!\/)\/*$/, "/");
}
