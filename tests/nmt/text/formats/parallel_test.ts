/** Tests of reading the user's files: every notation that is allowed, and a sentence for everything that is wrong. */
import { zstdCompressSync } from "node:zlib";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { checkReadable } from "../../../../nmt/text/formats/lines.ts";
import {
  type Line,
  type Located,
  readParallel,
} from "../../../../nmt/text/formats/parallel.ts";
import { assertInputError } from "../../../fixtures/input_error.ts";
import { withFolder } from "../../fixtures/folder.ts";
import { refusal } from "../../fixtures/refusal.ts";

const encoder = new TextEncoder();

async function write(
  path: string,
  content: string | Uint8Array,
): Promise<{ path: string; name: string }> {
  await Deno.writeFile(
    path,
    typeof content === "string" ? encoder.encode(content) : content,
  );
  return { path, name: path.slice(path.lastIndexOf("/") + 1) };
}

async function gzip(text: string): Promise<Uint8Array> {
  const stream = new Blob([text]).stream().pipeThrough(
    new CompressionStream("gzip"),
  );
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function joined(...parts: readonly (string | Uint8Array)[]): Uint8Array {
  return Uint8Array.from(
    parts.flatMap((
      part,
    ) => [...typeof part === "string" ? encoder.encode(part) : part]),
  );
}

async function read(files: Located): Promise<Line[]> {
  return await Array.fromAsync(readParallel(files));
}

/** The message of the input error that reading these bytes as `corpus.tsv` gives. */
const fault = (content: string | Uint8Array, name = "corpus.tsv") =>
  withFolder(async (folder) => {
    const file = await write(`${folder}/${name}`, content);
    return await refusal(() => read(file));
  });

const PAIRS = [
  { source: "um", target: "one", number: 1 },
  { source: "", target: " two ", number: 2 },
  { source: "três 👍", target: "three", number: 3 },
];

Deno.test("a TSV file is read whatever its line ends, with or without a last one or a byte order mark", async () => {
  await withFolder(async (folder) => {
    for (
      const text of [
        "um\tone\n\t two \ntrês 👍\tthree\n",
        "um\tone\n\t two \ntrês 👍\tthree",
        "um\tone\r\n\t two \r\ntrês 👍\tthree\r\n",
        "\ufeffum\tone\n\t two \ntrês 👍\tthree\n",
      ]
    ) {
      assertEquals(
        await read(await write(`${folder}/corpus.tsv`, text)),
        PAIRS,
        JSON.stringify(text),
      );
    }
  });
});

Deno.test("two plain files are paired line by line, one of them compressed", async () => {
  await withFolder(async (folder) => {
    const source = await write(`${folder}/a.pt`, "um\n\ntrês 👍\n");
    const target = await write(
      `${folder}/a.en.gz`,
      await gzip("one\n two \nthree\n"),
    );
    assertEquals(await read({ source, target }), PAIRS);
  });
});

Deno.test("gzip of several members is read to its end, and by its bytes where the name does not say it", async () => {
  await withFolder(async (folder) => {
    const members = joined(
      await gzip("um\tone\n\t two"),
      await gzip(" \ntrês 👍\tthree\n"),
    );
    assertEquals(
      await read(await write(`${folder}/corpus.tsv.gz`, members)),
      PAIRS,
    );
    assertEquals(
      await read(await write(`${folder}/corpus.tsv`, members)),
      PAIRS,
    );
  });
});

Deno.test("zstd of several frames is read to its end, and what is cut short is an error", async () => {
  const lines = Array.from({ length: 30_000 }, (_, i) => ({
    source: `linha ${i * 7919 % 10_007}`,
    target: `line ${i * 104_729 % 99_991}`,
    number: i + 1,
  }));
  const text = lines.map(({ source, target }) => `${source}\t${target}\n`)
    .join("");
  const half = text.length >> 1;
  const frames = joined(
    zstdCompressSync(text.slice(0, half)),
    zstdCompressSync(text.slice(half)),
  );
  await withFolder(async (folder) => {
    assertEquals(await read(await write(`${folder}/c.tsv.zst`, frames)), lines);
    assertEquals(await read(await write(`${folder}/c.tsv`, frames)), lines);
  });
  const cut = frames.subarray(0, frames.length - 3);
  assertEquals(
    await fault(cut, "c.tsv.zst"),
    'Cannot decompress "c.tsv.zst": its zstd is broken (unexpected EOF); make or fetch the file again.',
  );
});

Deno.test("characters and lines that lie across the pieces a file is read in come out whole", async () => {
  await withFolder(async (folder) => {
    const lines = Array.from({ length: 4000 }, (_, i) => ({
      source: "ü👩‍👧 ".repeat(i % 40) + i,
      target: "ß".repeat(i % 97),
      number: i + 1,
    }));
    const text = lines.map(({ source, target }) => `${source}\t${target}\n`)
      .join("");
    assert(encoder.encode(text).length > 4 * 65536);
    assertEquals(await read(await write(`${folder}/corpus.tsv`, text)), lines);
    assertEquals(
      await read(await write(`${folder}/corpus.tsv.gz`, await gzip(text))),
      lines,
    );
  });
});

Deno.test("a line without a TAB, or with two, is named", async () => {
  assertEquals(
    await fault("a\tb\nno tab\n"),
    'Cannot use "corpus.tsv": line 2 has no TAB, expected source TAB target.',
  );
  assertEquals(
    await fault("a\tb\nc\td\ne\tf\tg\n"),
    'Cannot use "corpus.tsv": line 3 has 2 TABs, expected source TAB target.',
  );
  assertStringIncludes(await fault("a\tb\n\nc\td\n"), "line 2 has no TAB");
});

Deno.test("invalid UTF-8 is named by its byte, also after multi-byte text and a genuine replacement character", async () => {
  assertEquals(
    await fault(joined("a\tb\nü\ufffd\tx", Uint8Array.of(0xff), "y\n")),
    'Cannot use "corpus.tsv": line 2 has invalid UTF-8 at byte 11, expected UTF-8 text.',
  );
  assertStringIncludes(
    await fault(joined("a\t", Uint8Array.of(0xed, 0xa0, 0x80), "\n")),
    "at byte 2",
  );
  const far = "a\tb\n".repeat(30_000);
  assertStringIncludes(
    await fault(joined(far, "x\t", Uint8Array.of(0x80))),
    `line 30001 has invalid UTF-8 at byte ${far.length + 2}`,
  );
});

Deno.test("a NUL is named by its byte, and so is text that is not UTF-8 but UTF-16", async () => {
  assertEquals(
    await fault("a\tb\nc\u0000\td\n"),
    'Cannot use "corpus.tsv": line 2 has a NUL at byte 5, expected UTF-8 text.',
  );
  assertStringIncludes(
    await fault(Uint8Array.of(0x61, 0, 0x09, 0, 0x62, 0, 0x0a, 0)),
    "has a NUL at byte 1",
  );
});

Deno.test("a line of a megabyte is an error wherever it ends, and a byte less is a line", async () => {
  const long = (bytes: number) => "x\t" + "y".repeat(bytes - 2);
  const expected =
    'Cannot use "corpus.tsv": line 2 has 1000000 bytes or more, expected a sentence a line.';
  assertEquals(await fault(`a\tb\n${long(1_000_000)}\n`), expected);
  assertEquals(await fault(`a\tb\n${long(1_000_000)}`), expected);
  await withFolder(async (folder) => {
    const file = await write(`${folder}/corpus.tsv`, long(999_999) + "\n");
    assertEquals((await read(file))[0].target.length, 999_997);
  });
});

Deno.test("an empty file is an error", async () => {
  assertEquals(
    await fault(""),
    'Cannot use "corpus.tsv": it is empty, expected a sentence a line.',
  );
  assertStringIncludes(
    await fault(await gzip(""), "corpus.tsv.gz"),
    "it is empty",
  );
});

Deno.test("gzip that is cut short, damaged or none is an error that names the file", async () => {
  const whole = await gzip("a\tb\n".repeat(5000));
  assertStringIncludes(
    await fault(whole.subarray(0, whole.length - 5), "c.tsv.gz"),
    'Cannot decompress "c.tsv.gz": its gzip is broken (',
  );
  const damaged = Uint8Array.from(whole);
  damaged[whole.length - 8] ^= 0xff; // in the checksum, so that the lines before it are whole
  assertStringIncludes(
    await fault(damaged, "c.tsv.gz"),
    'Cannot decompress "c.tsv.gz"',
  );
  assertEquals(
    await fault("a\tb\n", "c.tsv.gz"),
    'Cannot read "c.tsv.gz": it does not start as gzip does.',
  );
});

Deno.test("two files of unequal length are an error that names the shorter file and the line", async () => {
  await withFolder(async (folder) => {
    const long = await write(`${folder}/a.pt`, "um\ndois\ntrês\n");
    const short = await write(`${folder}/a.en`, "one\ntwo\n");
    const sentence =
      'Cannot pair "a.pt" with "a.en": "a.en" ends after line 2, "a.pt" goes on at line 3; expected as many lines in both.';
    assertEquals(
      await refusal(() => read({ source: long, target: short })),
      sentence,
    );
    assertStringIncludes(
      await refusal(() => read({ source: short, target: long })),
      '"a.en" ends after line 2, "a.pt" goes on at line 3',
    );
  });
});

Deno.test("a path that is missing or a folder is an input error before anything is read", async () => {
  await withFolder(async (folder) => {
    const there = `${folder}/there.tsv`;
    await Deno.writeTextFile(there, "a\tb\n");
    checkReadable([there]);
    for (
      const [path, why] of [
        [`${folder}/missing.tsv`, "there is no such file"],
        [folder, "expected a file, found a folder"],
      ]
    ) {
      assertInputError(
        () => checkReadable([there, path]),
        `Cannot read "${path}": ${why}.`,
      );
    }
  });
});

Deno.test({
  name:
    "a file that may not be read is an input error (needs a user that permissions bind, so not root)",
  ignore: Deno.build.os === "windows" || Deno.uid() === 0,
  fn: async () => {
    await withFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/secret.tsv`, "a\tb\n", {
        mode: 0o000,
      });
      assertInputError(
        () => checkReadable([`${folder}/secret.tsv`]),
        "permission denied",
      );
    });
  },
});
