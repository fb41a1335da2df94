/** A remote behind any static HTTP server: read only, and led nowhere else. */
import { isPrivate, withoutPassword } from "../../base/addresses.ts";
import { inputError } from "../../base/input_error.ts";
import type { Remote } from "./remote.ts";
import {
  type Answer,
  ask,
  contentOf,
  type Patience,
  unusable,
} from "./request.ts";

/** The environment variable that names hosts, such as `cdn.example.org`, to which a remote may lead. */
export const REDIRECTS = "CKD_REDIRECTS";

/** Hosts that lead to each other lead nowhere. */
const HOPS = 5;

/** `redirects` are the hosts that the user allows, separated by commas. */
export function openHttp(
  address: string,
  patience: Patience,
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
      const answer = await ask(base, () => ({ url, init }), patience);
      const location = locationOf(answer);
      if (location === undefined) return answer;
      await answer.discard();
      url = led(url, location, base, allowed);
      if (hops === HOPS) {
        throw unusable(
          `Cannot read "${path}" of "${base}": it leads on more than ${HOPS} times; check the address.`,
        );
      }
    }
  };
  const remote: Remote = {
    name: base,
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

/** Where a redirect leads, which has to be the same host, not less protected, or one that the user allows. */
function led(
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
  const isLess = from.protocol === "https:" && to.protocol === "http:";
  if (!isLess && (isSame || allowed.includes(to.host))) return to;
  const host = isLess ? `${to.host}, without encryption,` : to.host;
  throw unusable(
    `Cannot follow "${base}" to ${host}${
      isPrivate(to) ? " in a private network" : ""
    }: expected that a remote answers by itself; ${
      isLess
        ? "check the address"
        : `if you mean that host too, name it in the environment variable ${REDIRECTS}`
    }.`,
  );
}

/** The file's own bytes are wanted, not a form that is shorter on the way. */
export function rangeFrom(from: number): Record<string, string> {
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
      `Cannot use the address at "${url.host}" as a remote: expected one without user, password, "?" and "#".`,
    );
  }
  return url.href.replace(/(?<!\/)\/*$/, "/");
}
