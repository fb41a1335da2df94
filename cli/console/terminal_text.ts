/** Makes text safe for a terminal: names, arguments and logs may hold control characters. */

/** Our own colours, and all control characters but line ends and tabs. */
// deno-lint-ignore no-control-regex -- colours are control characters
const CONTROL = /(\x1b\[(?:[12]|22|3[1236]|39)m)|(?![\n\t])\p{Cc}/gu;

/** Removes control characters other than line ends, tabs and our own colours. */
export function terminalText(text: string): string {
  return /(?![\n\t])\p{Cc}/u.test(text) ? text.replace(CONTROL, "$1") : text;
}

/** Marks that change the direction of text, with which a name can look like another. */
const DIRECTION = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** User and password of a URL, up to the last "@" before its path. */
const SECRET = /(?<=:\/\/)[^\s/"]*@/g;

/** A message as one line, without the passwords of URLs. */
export function sentence(message: string): string {
  return terminalText(message.trim().replace(/[\n\r\t]+/g, " "))
    .replace(DIRECTION, "").replace(SECRET, "…@");
}
