/** Text as a terminal may get it: a name, an argument or a log may hold anything, and steers nothing. */

/** Our own colours, and all that is neither text nor the end of a line. */
// deno-lint-ignore no-control-regex -- colours are control characters
const CONTROL = /(\x1b\[(?:[12]|22|3[1236]|39)m)|(?![\n\t])\p{Cc}/gu;

/** A text without control characters, but for line ends, tabs and our own colours. */
export function terminalText(text: string): string {
  return /(?![\n\t])\p{Cc}/u.test(text) ? text.replace(CONTROL, "$1") : text;
}

/** Marks that change the direction of what follows, and so what a name seems to be. */
const DIRECTION = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** User and password of an address, up to the last "@" before its path. */
const SECRET = /(?<=:\/\/)[^\s/"]*@/g;

/** A message as one line, which repeats no password of an address. */
export function sentence(message: string): string {
  return terminalText(message.trim().replace(/[\n\r\t]+/g, " "))
    .replace(DIRECTION, "").replace(SECRET, "…@");
}
