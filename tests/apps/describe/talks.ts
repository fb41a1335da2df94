/** A small experiment on two made-up data sets with descriptors, really run: text that is hard to read wrongly, and licences. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { sha256 } from "../../../engine/files/hash.ts";
import { ROOT } from "../../fixtures/made_run.ts";

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Talks {
  readonly artifacts: string;
  path(name: string): string;
  /** Runs a command of the pipeline on the experiment. */
  pipeline(command: string, ...args: string[]): Promise<Outcome>;
  [Symbol.dispose](): void;
}

export const RESEARCH = "research use (made up for a test)";
export const CITED = 'Ada Example: "Talks, made up", 2026';

const SUBJECTS = {
  "o gato": "the cat",
  "a menina": "the girl",
  'o "padeiro"': 'the "baker"',
  "a R&D, Lda.": "the R&D, Ltd.",
  "o professor": "the teacher",
  "a médica": "the doctor",
};
const VERBS = {
  "vê": "sees",
  "procura": "looks for",
  "traz": "brings",
  "compra": "buys",
  "vende": "sells",
  "esconde": "hides",
};
const OBJECTS = {
  "o livro": "the book",
  "a chave": "the key",
  "o pão": "the bread",
  "x < y": "x < y",
  "a maçã": "the apple",
  "1,5 kg": "1.5 kg",
};

/** Portuguese and English of every sentence. */
export const SENTENCES: readonly (readonly [string, string])[] = Object.entries(
  SUBJECTS,
).flatMap(([subject, who]) =>
  Object.entries(VERBS).flatMap(([verb, does]) =>
    Object.entries(OBJECTS).map(([object, what]) =>
      [`${subject} ${verb} ${object}`, `${who} ${does} ${what}`] as const
    )
  )
);

/** The sentences of each part of the talks, and those of the notes. */
export const PARTS = {
  train: SENTENCES.slice(0, 150),
  validation: SENTENCES.slice(150, 170),
  test: SENTENCES.slice(170, 190),
  notes: SENTENCES.slice(190),
} as const;

const MODEL = { width: 16, feedForward: 32, heads: 2 };
const TRAINING = {
  steps: 6,
  batchTokens: 256,
  warmup: 4,
  validateEvery: 3,
};

/** Writes data sets and experiment to a folder of its own, and runs it. */
export async function runTalks(): Promise<Talks> {
  const folder = Deno.makeTempDirSync({ prefix: "standards-" });
  const path = (name: string) => join(folder, name);
  const dispose = () => Deno.removeSync(folder, { recursive: true });
  const artifacts = path("artifacts");
  const pipeline = async (command: string, ...args: string[]) => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--quiet", "--allow-all", "cli/main.ts", command],
        ...["--experiment", path("talks-pt-en.json")],
        ...["--artifacts", artifacts, ...args],
      ],
      cwd: ROOT,
      env: { CKD_MIRRORS: path("mirror") },
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, out: text(stdout), err: text(stderr) };
  };
  try {
    await writeDataSets(path);
    const { code, err } = await pipeline("run", "--quiet");
    assertEquals(code, 0, err);
  } catch (error) {
    dispose();
    throw error;
  }
  return { artifacts, path, pipeline, [Symbol.dispose]: dispose };
}

async function writeDataSets(path: (name: string) => string): Promise<void> {
  Deno.mkdirSync(path("mirror"));
  const write = (name: string, value: unknown) =>
    Deno.writeTextFileSync(path(name), JSON.stringify(value));
  const file = async (name: string, lines: readonly string[]) => {
    const text = lines.map((line) => line + "\n").join("");
    const bytes = name.endsWith(".gz")
      ? await gzip(text)
      : new TextEncoder().encode(text);
    Deno.writeFileSync(path(`mirror/${name}`), bytes);
    return { name, bytes: bytes.length, sha256: sha256(bytes) };
  };
  const parts = ["train", "validation", "test"] as const;
  const sides = parts.flatMap((part) => [
    file(`${part}.pt.gz`, PARTS[part].map(([pt]) => pt)),
    file(`${part}.en.gz`, PARTS[part].map(([, en]) => en)),
  ]);
  write("talks.json", {
    name: "talks",
    description: "Talks that nobody gave",
    citation: [CITED],
    languages: ["pt", "en"],
    files: (await Promise.all(sides)).map((file) => ({
      ...file,
      origin: "the test that made it",
      licence: RESEARCH,
    })),
    sources: [{
      label: "talks",
      texts: parts.map((part) => ({
        part,
        format: "lines",
        sides: {
          pt: { file: `${part}.pt.gz` },
          en: { file: `${part}.en.gz` },
        },
      })),
    }],
  });
  const notes = PARTS.notes.map(([pt, en], i) => `page ${i}\t${pt}\t${en}`);
  write("notes.json", {
    name: "notes",
    description: "Notes that nobody took",
    languages: ["pt", "en"],
    files: [{
      ...await file("notes.tsv", notes),
      urls: ["https://example.org/notes.tsv"],
      licence: "MIT",
    }],
    sources: [{
      label: "notes",
      texts: [{
        part: "train",
        format: "tsv",
        table: { file: "notes.tsv" },
        columns: ["group", "pt", "en"],
      }],
    }],
  });
  write("talks-pt-en.json", {
    languages: { source: "pt", target: "en" },
    data: {
      descriptor: path("talks.json"),
      additional: [path("notes.json")],
    },
    vocabulary: { size: 300 },
    teacher: {
      model: { ...MODEL, encoderLayers: 2, decoderLayers: 1 },
      training: TRAINING,
    },
    student: {
      model: { ...MODEL, encoderLayers: 1, decoderLayers: 1 },
      training: TRAINING,
    },
    students: {
      "no-kd": {},
      ckd: { alpha: 0.6, beta: 0.2, encoder: [[1, 2]] },
    },
    evaluation: { beam: 2 },
  });
}

async function gzip(text: string): Promise<Uint8Array> {
  const stream = new Blob([text]).stream()
    .pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
