/** A remote behind any static HTTP server: read only. */
import { inputError } from "../schemas/errors.ts";
import type { Remote } from "./remote.ts";
import { ask, contentOf, type Patience } from "./request.ts";

export function openHttp(address: string, patience: Patience): Remote {
  const base = baseOf(address);
  const remote: Remote = {
    name: base,
    read: async (path, from) => {
      const url = base + path.split("/").map(encodeURIComponent).join("/");
      const answer = await ask(base, () => ({
        url,
        init: { headers: rangeFrom(from) },
      }), patience);
      return await contentOf(
        base,
        path,
        answer,
        from,
        () => remote.read(path, 0),
      );
    },
  };
  return remote;
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
      `Cannot use "${address}" as a remote: expected an address such as https://example.org/models.`,
    );
  }
  // Not repeated in the sentence: it may hold a password or a token.
  if (url.username !== "" || url.password !== "" || url.search + url.hash) {
    throw inputError(
      `Cannot use the address at "${url.host}" as a remote: expected one without user, password, "?" and "#".`,
    );
  }
  return url.href.replace(/\/*$/, "/");
}
