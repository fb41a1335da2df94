/** Draws where the time went: the nodes that took longest. */
/// <reference lib="dom" />
import * as Plot from "@observablehq/plot";
import type { NodeTime } from "../view_data.ts";
import { type Draw, pictured } from "./view.ts";

const BARS = 15;
const ROW = 22;

export function openTimes(times: readonly NodeTime[]): Draw {
  const longest = times.toSorted((a, b) => b.seconds - a.seconds)
    .slice(0, BARS);
  const all = times.reduce((sum, { seconds }) => sum + seconds, 0);
  const isLong = longest[0].seconds >= 120;
  const amount = ({ seconds }: NodeTime) => isLong ? seconds / 60 : seconds;
  const share = ({ seconds }: NodeTime) =>
    `${(100 * seconds / all).toFixed(0)} %`;
  const characters = Math.max(...longest.map(({ node }) => node.length));
  return ({ width }) =>
    pictured(
      Plot.plot({
        width,
        height: 64 + ROW * longest.length,
        marginLeft: Math.min(0.5 * width, 20 + 7 * characters),
        marginRight: 44,
        marginBottom: 42,
        x: { label: isLong ? "minutes" : "seconds", grid: true, ticks: 5 },
        y: { label: null, domain: longest.map(({ node }) => node) },
        marks: [
          Plot.barX(longest, {
            ...{ x: amount, y: "node", fill: "var(--heat)" },
            channels: { stage: "stage", "of all": share },
            tip: { lineHeight: 1.3 },
          }),
          Plot.text(longest, {
            ...{ x: amount, y: "node", text: share, dx: 4 },
            textAnchor: "start",
          }),
          Plot.ruleX([0]),
        ],
      }),
      `The nodes that took longest: ${
        longest.map((time) => `${time.node} ${share(time)}`).join(", ")
      }.`,
    );
}
