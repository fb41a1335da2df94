/** Addresses of the Hugging Face Hub, and where its clients find endpoint and token. */
import { isAbsolute, join } from "@std/path";
import { inputError } from "../../base/input_error.ts";
import { readIfThere } from "../../engine/files/atomic.ts";

export interface HubAddress {
  /** As the user named it. */
  readonly name: string;
  /** `USER/NAME`. */
  readonly repository: string;
}

export function isHubAddress(address: string): boolean {
  return /^hf:\/\//i.test(address);
}

/** @throws an input error unless the address is `hf://USER/NAME` */
export function parseHubAddress(name: string): HubAddress {
  const word = "[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?";
  const [, repository] =
    new RegExp(`^hf://(${word}/${word})/?$`, "i").exec(name) ?? [];
  if (repository !== undefined) return { name, repository };
  // What stands before "@", or after "?" or "#", may be a secret.
  const shown = name.replace(/[?#].*/s, "").replace(/^(hf:\/\/).*@/is, "$1");
  throw inputError(
    `Cannot use "${shown}": expected a model of the Hugging Face Hub as hf://USER/NAME.`,
  );
}

/** The server and who asks it. */
export interface HubAccess {
  /** Without a slash at its end. */
  readonly endpoint: string;
  /** Goes into requests to the endpoint and nowhere else. */
  readonly token: string;
}

/**
 * Endpoint and token as the Hub's own clients find them: `HF_ENDPOINT`; `HF_TOKEN`, or the file that `hf auth login` writes.
 *
 * @throws an input error, without the token, if there is none or it is no token
 */
export function hubAccess(
  environment: Readonly<Record<string, string>>,
): HubAccess {
  const endpoint = (environment.HF_ENDPOINT || "https://huggingface.co")
    .replace(/\/$/, "");
  if (!/^https?:\/\/./.test(endpoint)) {
    throw inputError(
      `Cannot use HF_ENDPOINT: expected the address of a web server, found "${endpoint}".`,
    );
  }
  const path = tokenPath(environment);
  const inEnvironment = environment.HF_TOKEN?.trim();
  const token = inEnvironment || path && readIfThere(path)?.trim();
  if (!token) {
    throw inputError(
      "Cannot push to the Hugging Face Hub: there is no token; run `hf auth login`, or set HF_TOKEN.",
    );
  }
  if (!/^hf_[\x21-\x7e]+$/.test(token)) {
    const where = inEnvironment ? "HF_TOKEN" : `"${path}"`;
    throw inputError(
      `Cannot use the token of ${where}: expected one that begins with "hf_".`,
    );
  }
  return { endpoint, token };
}

function tokenPath(
  { HF_TOKEN_PATH, HF_HOME, XDG_CACHE_HOME, HOME, USERPROFILE }: Readonly<
    Record<string, string>
  >,
): string | undefined {
  if (HF_TOKEN_PATH) return HF_TOKEN_PATH;
  if (HF_HOME) return join(HF_HOME, "token");
  const home = HOME || USERPROFILE;
  const cache = XDG_CACHE_HOME || home && join(home, ".cache");
  return cache && isAbsolute(cache)
    ? join(cache, "huggingface", "token")
    : undefined;
}
