/** The processes of rows: ours, and those of the peers in each of their settings. */
import { join } from "@std/path";
import type { Peers, Setting } from "../../apps/doctor/peers.ts";
import { type Report, runReport } from "../measures/report.ts";
import type { Command } from "./commands.ts";
import type { Row } from "./rows.ts";

export interface Options {
  readonly alternations: number;
  readonly steps: number;
  readonly threads: number;
  readonly peers: Peers;
  /** Folder of the prepared text, or what is missing of it. */
  readonly text: { readonly folder: string } | { readonly missing: string };
  /** Folder of our measuring processes, where it is another one. */
  readonly programs?: string;
}

/** A process whose runs are of use to some rows. */
export interface Entrant {
  readonly key: string;
  /** Of the peer. */
  readonly setting?: Setting;
  readonly reports: Report[];
  run(): Promise<Report>;
}

const BENCH = join(import.meta.dirname ?? ".", "..");

/** Our measuring processes, and those of the peers. */
const MEASURES = join(BENCH, "measures");
const REFERENCE = join(BENCH, "reference");

/** The packages whose matrix products come from MKL, and so have its settings. */
const USES_MKL = ["torch", "pymarian"];

/** Tells processes apart. */
export const keyOf = (command: Command & { readonly by?: string }) =>
  [command.by ?? "", command.program, ...command.arguments].join(" ");

function argumentsOf(command: Command, options: Options): string[] {
  const folder = "folder" in options.text ? options.text.folder : "";
  return [
    ...command.arguments.map((text) => text.replace("{prepared}", folder)),
    ...(command.counts === undefined ? [] : [
      `--steps=${
        command.counts === "turns" ? options.alternations : options.steps
      }`,
    ]),
    `--threads=${options.threads}`,
  ];
}

function denoArguments(program: string, { programs }: Options): string[] {
  const script = join(programs ?? MEASURES, `${program}.ts`);
  return ["run", "--quiet", "--allow-all", script];
}

export function ourEntrant(command: Command, options: Options): Entrant {
  const args = [
    ...denoArguments(command.program, options),
    ...argumentsOf(command, options),
  ];
  return {
    key: keyOf(command),
    reports: [],
    run: () => runReport(Deno.execPath(), args),
  };
}

/** The peers of some rows, each once, those that use MKL in each of its settings. */
export function peerEntrants(
  rows: readonly Row[],
  options: Options,
): Entrant[] {
  const { python, torch, has } = options.peers;
  const commands = new Map(
    rows.flatMap(({ peer }) => peer === undefined ? [] : [[keyOf(peer), peer]]),
  );
  return [...commands].flatMap(([key, peer]) => {
    if (!has(peer.package)) return [];
    const script = join(REFERENCE, `${peer.program}.py`);
    const args = argumentsOf(peer, options);
    const kept = (reports: readonly Report[]) =>
      reports.slice(0, 1).flatMap(({ figures }) =>
        (peer.keeps ?? []).map((name) => `--${name}=${figures[name]}`)
      );
    const settings: (Setting | undefined)[] = USES_MKL.includes(peer.package)
      ? [...torch]
      : [undefined];
    return settings.map((setting) => {
      const reports: Report[] = [];
      return {
        key,
        setting,
        reports,
        run: () =>
          peer.by === undefined
            ? runReport(python, [script, ...args, ...kept(reports)], {
              ...setting?.env,
            })
            : runReport(Deno.execPath(), [
              ...denoArguments(peer.by, options),
              ...args,
              `--python=${python}`,
              `--script=${script}`,
            ], { ...setting?.env }),
      };
    });
  });
}
