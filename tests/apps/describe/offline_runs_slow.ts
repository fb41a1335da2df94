/** Offline runs are read, and uploaded, by Weights & Biases' own program as what the table of values says. */
import { assert, assertEquals } from "@std/assert";
import { dirname, join } from "@std/path";
import { z } from "zod";
import { encoded } from "../../../apps/describe/curves/messages.ts";
import { logOf } from "../../../apps/describe/curves/offline_runs.ts";
import { canonical } from "../../../engine/files/hash.ts";
import { namesIn } from "../../../engine/files/atomic.ts";
import { readManifest, writeManifest } from "../../../engine/store/manifest.ts";
import { pipeline } from "../../fixtures/command.ts";
import { makeRun, temporary } from "../../fixtures/made_run.ts";
import { testWithPython } from "../../fixtures/python.ts";

const FileStream = z.object({
  files: z.record(
    z.string(),
    z.object({ content: z.array(z.string()) }),
  ).optional(),
  complete: z.boolean().optional(),
  exitcode: z.number().optional(),
});

const Graphql = z.object({
  query: z.string(),
  variables: z.record(z.string(), z.unknown()),
});

const Files = z.object({ files: z.array(z.string()) });

/** A server that accepts runs as W&B's does, and what it was sent of them. */
function acceptingServer() {
  const runs: Record<string, unknown>[] = [];
  const rows: unknown[] = [];
  const ends: unknown[] = [];
  const uploads: string[] = [];
  let summary: unknown;
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    async (request) => {
      const { pathname, origin } = new URL(request.url);
      if (pathname === "/graphql") {
        const { query, variables } = Graphql.parse(await request.json());
        if (query.includes("createRunFiles")) {
          const { files } = Files.parse(variables);
          const createRunFiles = {
            ...{ runID: "1", uploadHeaders: [] },
            files: files.map((name) => ({
              name,
              uploadUrl: `${origin}/put/${name}`,
            })),
          };
          return Response.json({ data: { createRunFiles } });
        }
        assert(query.includes("upsertBucket"), query);
        runs.push(variables);
        const { name, project } = variables;
        const bucket = {
          ...{ id: "1", name, displayName: name, historyLineCount: 0 },
          project: { id: "1", name: project, entity: { id: "1", name: "me" } },
        };
        const upsertBucket = { bucket, inserted: true };
        return Response.json({ data: { upsertBucket } });
      }
      if (pathname.endsWith("/file_stream")) {
        const { files, complete, exitcode } = FileStream.parse(
          await request.json(),
        );
        const contentOf = (name: string) =>
          (files?.[name]?.content ?? []).map((line) => JSON.parse(line));
        rows.push(...contentOf("wandb-history.jsonl"));
        summary = contentOf("wandb-summary.json").at(-1) ?? summary;
        if (complete) ends.push(exitcode);
      } else {
        await request.body?.cancel();
        if (request.method === "PUT") uploads.push(pathname);
      }
      return Response.json({});
    },
  );
  const url = `http://127.0.0.1:${server.addr.port}`;
  return { server, url, runs, rows, ends, uploads, summary: () => summary };
}

async function wandb(
  python: string,
  home: string,
  args: readonly string[],
  url = "http://127.0.0.1:1",
) {
  const { code, stdout, stderr } = await new Deno.Command(
    join(dirname(python), "wandb"),
    {
      args: [...args],
      cwd: home,
      env: {
        HOME: home,
        WANDB_BASE_URL: url,
        WANDB_API_KEY: "0".repeat(40),
        WANDB_ERROR_REPORTING: "false",
      },
    },
  ).output();
  const [out, err] = [stdout, stderr]
    .map((bytes) => new TextDecoder().decode(bytes));
  return { code, out, err };
}

testWithPython(
  "wandb",
  "wandb sync uploads config, every value of the curves, scores and the end",
  async (python) => {
    using folder = temporary();
    makeRun(folder.path);
    const manifest = readManifest(folder.path);
    assert(manifest !== undefined);
    Object.assign(manifest.nodes["export:rkd"].metrics, {
      ...{ "int8.bleu": 37.5, "int8.chrf": 57.25, "int8.bytes": 3 },
    });
    Object.assign(manifest.nodes.compare.metrics, {
      ...{ "rkd.bleu.low": 36.5, "rkd.bleu.high": 39.25 },
      ...{ "rkd.chrf.low": 56.5, "rkd.chrf.high": 59.5 },
    });
    writeManifest(folder.path, canonical(manifest));
    const describe = (...args: string[]) =>
      pipeline(
        ...["describe", "student:rkd", "--experiment", "tiny"],
        ...["--artifacts", folder.path, "--format", ...args],
      );
    const out = join(folder.path, "wandb");
    const { code, err } = await describe("wandb", "--out", out);
    assertEquals(code, 0, err);
    const [run] = namesIn(out);
    const accepted = acceptingServer();
    await using _ = accepted.server;
    const { url, runs, rows, ends, uploads, summary } = accepted;
    const synced = await wandb(
      python,
      folder.path,
      ["sync", join(out, run)],
      url,
    );
    assertEquals(synced.code, 0, synced.err);
    assert(synced.err.includes("Finished syncing"), synced.err);

    const values = (await describe("csv")).out.trim().split("\n").slice(1)
      .map((row) => row.split(",").slice(2));
    const tags: Record<string, string> = {
      nll: "validation/nll",
      trainingLoss: "training/loss",
    };
    const steps = Map.groupBy(values, ([step]) => step);
    const expected = [...steps].map(([step, values]) => ({
      ...Object.fromEntries(
        values.map(([, name, value]) => [tags[name], Number(value)]),
      ),
      _step: Number(step),
    }));
    assertEquals(rows, expected);
    assertEquals(expected.length, 2);
    assertEquals(ends, [0]);
    assertEquals(summary(), {
      ...expected[1],
      "test/bleu": 38,
      "test/bleu_low": 36.5,
      "test/bleu_high": 39.25,
      "test/bleu_int8": 37.5,
      "test/chrf": 58,
      "test/chrf_low": 56.5,
      "test/chrf_high": 59.5,
      "test/chrf_int8": 57.25,
      parameters: 1500,
      "size/bytes": 10,
      "size/bytes_int8": 3,
      "time/training_seconds": 60,
      "time/evaluation_seconds": 60,
      "time/export_seconds": 60,
      "time/sentences_per_second": 100,
      _runtime: 60,
      _wandb: { runtime: 60 },
    });
    const { project, groupName, jobType, displayName, config } = runs[0];
    assertEquals(
      { project, groupName, jobType, displayName },
      {
        project: "tiny",
        groupName: "rkd",
        jobType: "student",
        displayName: "rkd@1",
      },
    );
    const { node, seed } = z.record(z.string(), z.object({ value: z.json() }))
      .parse(JSON.parse(z.string().parse(config)));
    assertEquals([node.value, seed.value], ["student:rkd", 1]);
    // That one of them could not be made is not seen by the exit code.
    assertEquals(
      uploads.toSorted(),
      ["/put/config.yaml", "/put/wandb-summary.json"],
    );
  },
);

testWithPython(
  "wandb",
  "W&B reads records that end before, at and beyond a block's end",
  async (python) => {
    using folder = temporary();
    const row = (num: number, length: number) =>
      encoded("Record", {
        num,
        history: {
          item: [{ key: "x", value_json: `"${"x".repeat(length)}"` }],
          step: { num },
        },
      });
    const overhead = row(1, 32_000).length - 32_000;
    const lengths: number[] = [];
    const log = () => logOf(lengths.map((length, i) => row(i + 1, length)));
    for (let left = 0; left < 10; left++) {
      const room = 32_768 - log().length % 32_768;
      lengths.push(room - 7 - overhead - left);
      assertEquals(log().length % 32_768, (32_768 - left) % 32_768);
      lengths.push(5);
    }
    lengths.push(100_000, 1);
    const path = join(folder.path, "run-1.wandb");
    Deno.writeFileSync(path, log());
    const { out, err } = await wandb(
      python,
      folder.path,
      ["leet", "inspect", "--json", path],
    );
    const read = out.trim().split("\n").map((line) =>
      JSON.parse(line).history?.item.x.length
    );
    assertEquals(read, lengths, err);
  },
);
