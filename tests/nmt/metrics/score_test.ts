/** Tests of scoring files: the report, its text, and every input that cannot be scored. */
import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { constants, deflateRawSync, gzipSync } from "node:zlib";
import {
  formatScores,
  scoreFiles,
  scoreLines,
} from "../../../nmt/metrics/score.ts";
import { withFolder } from "../fixtures/folder.ts";
import { refusal } from "../fixtures/refusal.ts";

const options = {
  metrics: ["bleu", "chrf"] as const,
  tokenize: "13a",
  lowercase: false,
};

/** Runs with files of the given names and contents, by their paths. */
const withFiles = <Name extends string>(
  files: Record<Name, string | Uint8Array>,
  test: (paths: Record<Name, string>) => Promise<void>,
) =>
  withFolder(async (folder) => {
    const paths = {} as Record<Name, string>;
    for (const name in files) {
      const content: string | Uint8Array = files[name];
      paths[name] = `${folder}/${name}`;
      await Deno.writeFile(
        paths[name],
        typeof content === "string"
          ? new TextEncoder().encode(content)
          : content,
      );
    }
    await test(paths);
  });

const LINES = "The cat sat on the mat.\nIt is 5 o'clock, isn't it?\n";

Deno.test("a report has a score and a signature for each metric asked for", () =>
  withFiles({ h: LINES, r: LINES }, async ({ h, r }) => {
    const report = await scoreFiles({
      ...options,
      hypothesis: h,
      references: [r],
    });
    assertEquals(Object.keys(report), ["bleu", "chrf"]);
    assertEquals(report.bleu?.score.toFixed(6), "100.000000");
    assertEquals(
      report.bleu?.signature,
      "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0+ckd.1",
    );
    const one = await scoreFiles({
      ...options,
      metrics: ["chrf"],
      hypothesis: h,
      references: [r],
    });
    assertEquals(one, { chrf: report.chrf });
  }));

Deno.test("a second system gives its scores, the p-values and the resampling in the signature", () =>
  withFiles({
    h: LINES.repeat(10),
    r: LINES.repeat(10),
    a: "The cat sat.\nIt is 5.\n".repeat(10),
  }, async ({ h, r, a }) => {
    const report = await scoreFiles({
      ...options,
      hypothesis: h,
      references: [r, r],
      against: a,
    });
    assertEquals(Object.keys(report), ["bleu", "chrf", "against"]);
    assertEquals(
      report.bleu?.signature,
      "nrefs:2|bs:1000|seed:12345|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0+ckd.1",
    );
    const { bleu, chrf } = report.against ?? {};
    assert(bleu !== undefined && bleu.score < 60 && bleu.p <= 1 && bleu.p > 0);
    assert(chrf !== undefined && chrf.score < 80);
    const text = formatScores(report).split("\n");
    assertEquals(text.length, 4);
    assertEquals(text[0], `BLEU|${report.bleu?.signature} = 100.00`);
    const { points, low, high, p } = bleu.difference;
    assertEquals(points, bleu.score - 100);
    assert(low <= points && points <= high && high < 0 && p < 0.01);
    assertEquals(
      text[1],
      `  against: ${bleu.score.toFixed(2)} (${points.toFixed(2)}, ` +
        `95 % interval ${low.toFixed(2)} to ${high.toFixed(2)}, two-sided p = ${
          p.toFixed(4)
        }; ` +
        `sacreBLEU's formula, one tail: p = ${bleu.p.toFixed(4)})`,
    );
  }));

Deno.test("line ends of any system, a missing last one and packed files score alike", async () => {
  const packed = gzipSync(LINES);
  const members = LINES.trimEnd().split("\n").map((line) =>
    gzipSync(`${line}\n`)
  );
  const files = {
    h: "The cat sat on a mat.\nIt is 5 o'clock.\n",
    windows: LINES.replaceAll("\n", "\r\n"),
    open: LINES.slice(0, -1),
    "packed.gz": packed,
    "members.gz": Buffer.concat(members),
  };
  await withFiles(files, async ({ h, ...references }) => {
    const expected = scoreLines({
      ...options,
      hypotheses: ["The cat sat on a mat.", "It is 5 o'clock."],
      references: [LINES.trimEnd().split("\n")],
    });
    for (const reference of Object.values(references)) {
      const report = await scoreFiles({
        ...options,
        hypothesis: h,
        references: [reference],
      });
      assertEquals(report, expected);
    }
  });
});

Deno.test("empty lines are segments", () =>
  withFiles({ h: "\na b c d\n\n", r: "x\na b c d\n\n" }, async ({ h, r }) => {
    const report = await scoreFiles({
      ...options,
      hypothesis: h,
      references: [r],
    });
    // 4 of 4 n-grams of each order match; 4 tokens against 5.
    const expected = 100 * Math.exp(1 - 5 / 4);
    assertEquals(report.bleu?.score.toFixed(8), expected.toFixed(8));
  }));

Deno.test("a text of more than 500 MiB is refused in one sentence, packed or not", () => {
  const block = deflateRawSync(new Uint8Array(1 << 20), {
    finishFlush: constants.Z_FULL_FLUSH,
  });
  const head = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255);
  const packed = Buffer.concat([
    head,
    ...Array.from({ length: 501 }, () => block),
  ]);
  return withFiles(
    { large: "", "large.gz": packed, r: LINES },
    async (path) => {
      await Deno.truncate(path.large, (500 << 20) + 1);
      for (const hypothesis of [path.large, path["large.gz"]]) {
        assertEquals(
          await refusal(() =>
            scoreFiles({ ...options, hypothesis, references: [path.r] })
          ),
          `Cannot read "${hypothesis}": expected at most 524288000 bytes of text, found more; use a part of it.`,
        );
      }
    },
  );
});

Deno.test("files that cannot be scored are named with what is wrong", () => {
  const files = {
    h: LINES,
    short: "one line\n",
    none: "",
    latin: Uint8Array.of(0x61, 0x0a, 0x62, 0xe9, 0x0a),
    "broken.gz": "no gzip",
  };
  return withFiles(files, async (path) => {
    const score = (
      { hypothesis = path.h, references = [path.h], ...rest }: Partial<
        Parameters<typeof scoreFiles>[0]
      >,
    ) =>
      refusal(() =>
        scoreFiles({ ...options, hypothesis, references, ...rest })
      );
    const unequal = `Cannot score "${path.h}" with "${path.short}": ` +
      "expected as many lines in both, found 2 and 1.";
    assertEquals(await score({ references: [path.h, path.short] }), unequal);
    assertEquals(await score({ against: path.short }), unequal);
    assertEquals(
      await score({ hypothesis: path.none }),
      `Cannot score "${path.none}": it has no lines.`,
    );
    assertEquals(
      await score({ against: path.h }),
      "Cannot compare two systems by their lines: expected at least 20, of which the bootstrap says something, found 2; " +
        "compare them by more, or score each alone.",
    );
    assertEquals(
      await score({ references: [] }),
      `Cannot score "${path.h}": no reference is given.`,
    );
    assertEquals(
      await score({ references: [path.latin] }),
      `Cannot read "${path.latin}": line 2 is not UTF-8.`,
    );
    assertEquals(
      await score({ references: [path["broken.gz"]] }),
      `Cannot read "${path["broken.gz"]}": it does not start as gzip does.`,
    );
    assertEquals(
      await score({ hypothesis: path.h + "x" }),
      `Cannot read "${path.h}x": there is no such file.`,
    );
    assertEquals(
      await score({ tokenize: "intll" }),
      'Cannot tokenize by "intll": expected one of 13a, intl, char, none, did you mean "intl".',
    );
  });
});
