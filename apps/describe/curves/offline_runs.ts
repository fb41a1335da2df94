/** Offline runs of Weights & Biases, which `wandb sync` uploads: config, values by step, and final figures of each model. */
import { Buffer } from "node:buffer";
import { crc32 } from "node:zlib";
import { join } from "@std/path";
import { makeFolder, writeFile } from "../places.ts";
import type { Described } from "../record.ts";
import { encoded, type Item, type Messages } from "./messages.ts";
import { finalFigures } from "./scores.ts";
import { nameOf, TAGS, type Training } from "./values.ts";

/**
 * Writes a folder for each model, `offline-run-TIME-ID`; returns the paths of its files. Equal values give equal bytes, and
 * one model one ID, so W&B does not show a model twice.
 */
export function writeOfflineRuns(
  folder: string,
  { source }: Pick<Described, "source">,
  trainings: readonly Training[],
): string[] {
  return trainings.map((training) => {
    const id = training.node.record.key.slice(0, 16);
    const time = beganOf(training).toISOString().slice(0, 19)
      .replace("T", "_").replace(/[-:]/g, "");
    const name = `offline-run-${time}-${id}`;
    const path = join(folder, name, `run-${id}.wandb`);
    // Where `wandb sync` puts what it makes of the records.
    makeFolder(join(folder, name, "files"));
    const records = recordsOf(source, id, training)
      .map((record, i) => encoded("Record", { num: i + 1, ...record }));
    writeFile(path, logOf(records));
    return path;
  });
}

/** When the model's training began; 1970 where no run recorded it. */
function beganOf({ node: { making } }: Training): Date {
  return new Date(making?.began ?? 0);
}

type Content = Omit<Messages["Record"], "num">;

/** The records of a run in the order in which W&B writes them. */
function recordsOf(
  source: Described["source"],
  id: string,
  training: Training,
): Content[] {
  const { experiment } = source;
  const { node, system, run: { trainingSeconds }, values } = training;
  const { config, stage, seed } = node.record.preimage;
  const steps = [...Map.groupBy(values, ({ step }) => step)].map(
    ([step, values]) => ({
      ...Object.fromEntries(
        values.map(({ name, value }) => [TAGS[name], value]),
      ),
      _step: step,
    }),
  );
  return [
    { header: { version_info: { producer: "ckd", min_consumer: "0.13.0" } } },
    {
      run: {
        run_id: id,
        project: experiment,
        config: {
          update: items({
            ...typeof config === "object" ? config : { config },
            experiment,
            node: node.name,
            key: node.record.key,
            seed,
          }),
        },
        run_group: system,
        job_type: stage,
        display_name: nameOf(training),
        start_time: { seconds: Math.floor(beganOf(training).getTime() / 1000) },
      },
    },
    ...steps.map((step): Content => ({
      history: { item: items(step), step: { num: step._step } },
    })),
    {
      summary: {
        update: items({
          ...Object.assign({}, ...steps),
          ...finalFigures(source, training),
          // What W&B's own column of a run's duration shows.
          _runtime: trainingSeconds,
          _wandb: trainingSeconds && { runtime: Math.round(trainingSeconds) },
        }),
      },
    },
    {
      exit: { exit_code: 0, runtime: Math.round(trainingSeconds ?? 0) },
    },
  ];
}

function items(values: Readonly<Record<string, unknown>>): Item[] {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ({ key, value_json: JSON.stringify(value) }));
}

/** Bytes of a block of a LevelDB log, and of the head of a chunk: checksum, length, type. */
const BLOCK = 32768, HEAD = 7;
const FULL = 1, FIRST = 2, MIDDLE = 3, LAST = 4;

/** W&B's log: its mark and version, then records as LevelDB has them, in chunks that no block's end divides. */
export function logOf(records: readonly Uint8Array[]): Uint8Array {
  const mark = [...Buffer.from(":W&B"), 0xe1, 0xbe, 0];
  const parts: Uint8Array[] = [Uint8Array.from(mark)];
  let written = mark.length;
  const write = (bytes: Uint8Array) => {
    parts.push(bytes);
    written += bytes.length;
  };
  for (const record of records) {
    let from = 0;
    let isFirst = true;
    do {
      const left = BLOCK - written % BLOCK;
      if (left < HEAD) write(new Uint8Array(left));
      const room = BLOCK - written % BLOCK - HEAD;
      const to = Math.min(record.length, from + room);
      const isLast = to === record.length;
      const type = isFirst ? isLast ? FULL : FIRST : isLast ? LAST : MIDDLE;
      write(chunk(type, record.subarray(from, to)));
      isFirst = false;
      from = to;
    } while (from < record.length);
  }
  return Buffer.concat(parts);
}

/** The checksum is CRC-32 over type and bytes, where LevelDB has a masked CRC-32C. */
function chunk(type: number, bytes: Uint8Array): Uint8Array {
  const head = Buffer.alloc(HEAD);
  head.writeUInt32LE(crc32(bytes, crc32(Uint8Array.of(type))), 0);
  head.writeUInt16LE(bytes.length, 4);
  head.writeUInt8(type, 6);
  return Buffer.concat([head, bytes]);
}
