/** Draws a recorded session as a picture that moves: SVG with an animation by CSS, which plays where pictures are shown. */
import xterm from "@xterm/headless";
import type { Recorded, Size } from "./session.ts";

/** Pixels of a character, and of what is around the screen. */
const FONT = 14, WIDTH = 8.4, HEIGHT = 18, MARGIN = 12, BAR = 28;

/** Seconds: a command before it writes, the screen that it ends with, what is between two screens. */
const TYPED = 1.2, ENDED = 3, STEP = 0.4;

/** The colours of a terminal: black, red, green, yellow, blue, magenta, cyan, white, and the bright ones. */
const PALETTE = [
  ...["#14161a", "#ff7b72", "#56d364", "#e3b341", "#79c0ff", "#d2a8ff"],
  ...["#56d4dd", "#c9d1d9", "#8b949e", "#ffa198", "#7ee787", "#f2cc60"],
  ...["#a5d6ff", "#e2c5ff", "#b3f0ff", "#ffffff"],
];

/** Seconds that a command is shown for while it runs: a long one is shown faster than it was. */
function shownFor(seconds: number): number {
  return Math.min(seconds, 1.5 + seconds / 20, 16);
}

/** A screen: its rows as SVG, and for how long it is shown. */
interface Frame {
  readonly rows: readonly string[];
  readonly seconds: number;
}

/** What the picture says of itself to programs. */
export interface Played {
  readonly command: string;
  readonly code: number;
  readonly seconds: number;
}

/** The commands of a picture that `animation` made, in their order. */
export function commandsIn(svg: string): readonly Played[] {
  const [, text] = /<metadata>(.*)<\/metadata>/.exec(svg) ?? [];
  if (text === undefined) throw new Error("This is no recorded session.");
  return JSON.parse(text.replaceAll("&lt;", "<").replaceAll("&amp;", "&"));
}

/** The picture; the last screen stands still where motion is not wanted. */
export async function animation(
  session: readonly Recorded[],
  size: Size,
): Promise<string> {
  const frames = await framesOf(session, size);
  const rows = new Map<string, number>();
  const strip = frames.map(({ rows: shown }, i) =>
    shown.flatMap((row, y) => {
      if (row === "") return [];
      if (!rows.has(row)) rows.set(row, rows.size);
      const top = (i * size.rows + y + 1) * HEIGHT - 4;
      return [`<use href="#r${rows.get(row)}" y="${top}"/>`];
    }).join("")
  );
  const [width, height] = [size.columns * WIDTH, size.rows * HEIGHT];
  const all = frames.reduce((sum, { seconds }) => sum + seconds, 0);
  let time = 0;
  const keys = frames.map(({ seconds }, i) => {
    const at = (100 * time / all).toFixed(2);
    time += seconds;
    return `${at}%{transform:translateY(${-i * height}px)}`;
  });
  const still = `transform:translateY(${-(frames.length - 1) * height}px)`;
  const played = session.map(({ command, code, seconds }) => ({
    command,
    code,
    seconds: Math.round(seconds),
  }));
  const [w, h] = [width + 2 * MARGIN, height + BAR + MARGIN];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${w} ${h}" width="${w}" height="${h}" role="img" xml:space="preserve">
<title>A recorded terminal session</title>
<desc>${escaped(played.map(({ command }) => command).join("; "))}</desc>
<metadata>${escaped(JSON.stringify(played))}</metadata>
<style>text{font:${FONT}px ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono",Consolas,monospace;fill:#e6e6e6;white-space:pre}.b{font-weight:bold}.d{opacity:.65}${
    PALETTE.map((colour, i) => `.c${i}{fill:${colour}}`).join("")
  }#s{animation:s ${all.toFixed(1)}s steps(1,end) infinite}@keyframes s{${
    keys.join("")
  }}@media(prefers-reduced-motion:reduce){#s{animation:none;${still}}}</style>
<defs>${
    [...rows].map(([row, i]) => `<text id="r${i}">${row}</text>`).join("\n")
  }</defs>
<rect width="${w}" height="${h}" rx="8" fill="#14161a"/>
<text x="${MARGIN}" y="19" class="c8">recorded from a terminal; waits are shortened</text>
<svg x="${MARGIN}" y="${BAR}" width="${width}" height="${height}"><g id="s">
${strip.join("\n")}
</g></svg>
</svg>
`;
}

/** Plays a session in a terminal, and takes its screen at moments of equal distance. */
async function framesOf(
  session: readonly Recorded[],
  { columns, rows }: Size,
): Promise<Frame[]> {
  const terminal = new xterm.Terminal({
    cols: columns,
    rows,
    allowProposedApi: true,
  });
  const write = (text: string) =>
    new Promise<void>((done) => terminal.write(text, done));
  const frames: Frame[] = [];
  const show = (seconds: number) => {
    const shown = screenOf(terminal);
    const last = frames.at(-1);
    const isSame = last?.rows.join("\n") === shown.join("\n");
    const before = isSame ? frames.pop()?.seconds ?? 0 : 0;
    frames.push({ rows: shown, seconds: before + seconds });
  };
  for (const { command, seconds, written } of session) {
    await write(`\x1b[32m$\x1b[39m \x1b[1m${command}\x1b[22m\r\n`);
    show(TYPED);
    let next = 0;
    const count = Math.floor(shownFor(seconds) / STEP);
    for (let i = 1; i <= count; i++) {
      const now = i * seconds / count;
      while (next < written.length && written[next].seconds <= now) {
        await write(written[next++].text);
      }
      show(STEP);
    }
    for (const { text } of written.slice(next)) await write(text);
    show(ENDED);
  }
  return frames;
}

/** The rows of the window as SVG: pieces of one style each, at their places whatever the font. */
function screenOf(terminal: xterm.Terminal): string[] {
  const { active } = terminal.buffer;
  return Array.from({ length: terminal.rows }, (_, y) => {
    const line = active.getLine(active.baseY + y);
    const pieces: { style: string; x: number; text: string }[] = [];
    for (let x = 0; x < terminal.cols; x++) {
      const cell = line?.getCell(x);
      if (cell === undefined || cell.getWidth() === 0) continue;
      const style = [
        cell.isBold() ? "b" : "",
        cell.isDim() ? "d" : "",
        cell.isFgPalette() && cell.getFgColor() < PALETTE.length
          ? `c${cell.getFgColor()}`
          : "",
      ].filter((name) => name !== "").join(" ");
      const last = pieces.at(-1);
      const text = cell.getChars() || " ";
      if (last?.style === style) last.text += text;
      else pieces.push({ style, x, text });
    }
    return pieces.map(drawn).join("");
  });
}

function drawn(
  { style, x, text }: { style: string; x: number; text: string },
): string {
  const begin = text.length - text.trimStart().length;
  const shown = text.trim();
  if (shown === "") return "";
  const number = (value: number) => String(Math.round(value * 10) / 10);
  const length = [...shown].length;
  return `<tspan x="${number((x + begin) * WIDTH)}"${
    length > 1 ? ` textLength="${number(length * WIDTH)}"` : ""
  }${style === "" ? "" : ` class="${style}"`}>${escaped(shown)}</tspan>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
