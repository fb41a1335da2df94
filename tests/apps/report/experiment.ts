/** A small experiment on made-up sentences that is really run: every kind of student, a grid, and text that could be markup. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { ROOT } from "../../fixtures/made_run.ts";

const SUBJECTS = {
  "o gato": "the cat",
  "o cão": "the dog",
  "a menina": "the girl",
  "o menino": "the boy",
  "a médica": "the doctor",
  'o "padeiro"': 'the "baker"',
  "a R&D": "the R&D",
  "o professor": "the teacher",
};
const VERBS = {
  "vê": "sees",
  "procura": "looks for",
  "encontra": "finds",
  "leva": "takes",
  "traz": "brings",
  "compra": "buys",
  "vende": "sells",
  "esconde": "hides",
};
const OBJECTS = {
  "o livro": "the book",
  "a chave": "the key",
  "o pão": "the bread",
  "a carta": "the letter",
  "o chapéu": "the hat",
  "a cadeira": "the chair",
  "x < y": "x < y",
  "a maçã": "the apple",
};

const MODEL = { width: 32, feedForward: 64, heads: 2 };
const TRAINING = {
  steps: 60,
  batchTokens: 512,
  warmup: 20,
  validateEvery: 20,
  factor: 0.5,
};

const EXPERIMENT = {
  languages: { source: "pt", target: "en" },
  corpus: { validation: 40, test: 40 },
  vocabulary: { size: 320 },
  teacher: {
    model: { ...MODEL, encoderLayers: 4, decoderLayers: 2 },
    training: { ...TRAINING, steps: 120 },
  },
  student: {
    model: { ...MODEL, encoderLayers: 2, decoderLayers: 1 },
    training: TRAINING,
  },
  tuning: { training: { steps: 20 } },
  students: {
    "no-kd": { seeds: [1, 2] },
    rkd: { grid: { alpha: [0.4, 0.7] } },
    pkd: {
      alpha: 0.6,
      beta: 0.2,
      encoder: [[2], [4]],
      project: "none",
      attention: { decoder: [2] },
    },
    ckd: {
      alpha: 0.6,
      beta: 0.2,
      encoder: [[1, 2], [3, 4]],
      decoder: [[1, 2]],
    },
    start: { alpha: 0.6, start: { encoder: [3, 4], decoder: [2] } },
  },
  evaluation: { beam: 2 },
};

export interface RunExperiment {
  readonly artifacts: string;
  path(name: string): string;
  /** Runs a command of the pipeline on the experiment, and gives what it prints. */
  pipeline(command: string, ...args: string[]): Promise<string>;
  [Symbol.dispose](): void;
}

/** Writes the experiment to a folder of its own, and runs it. */
export async function runExperiment(): Promise<RunExperiment> {
  const folder = Deno.makeTempDirSync({ prefix: "report-" });
  const path = (name: string) => join(folder, name);
  const lines = Object.entries(SUBJECTS).flatMap(([subject, who]) =>
    Object.entries(VERBS).flatMap(([verb, does]) =>
      Object.entries(OBJECTS).map(([object, what]) =>
        `${subject} ${verb} ${object}\t${who} ${does} ${what}\n`
      )
    )
  );
  Deno.writeTextFileSync(path("phrases.tsv"), lines.join(""));
  const data = { train: path("phrases.tsv") };
  const experiment = path("phrases.json");
  Deno.writeTextFileSync(experiment, JSON.stringify({ ...EXPERIMENT, data }));
  const artifacts = path("artifacts");
  const pipeline = async (command: string, ...args: string[]) => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--quiet", "--allow-all", "cli/main.ts", command],
        ...["--experiment", experiment, "--artifacts", artifacts, ...args],
      ],
      cwd: ROOT,
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout);
  };
  await pipeline("run", "--quiet");
  return {
    artifacts,
    path,
    pipeline,
    [Symbol.dispose]: () => Deno.removeSync(folder, { recursive: true }),
  };
}
