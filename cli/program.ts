/** The command line: the only file that knows the package that parses it. */
import { join } from "@std/path";
import { Argument, Command, CommanderError, Option } from "commander";
import {
  artifactFolder,
  type CommonOptions,
  type Console,
  DEFAULT_EXPERIMENT,
  EXIT,
  explainCommand,
  graphCommand,
  logCommand,
  runCommand,
  type RunCommandOptions,
  type SelectingOptions,
  statusCommand,
} from "./commands/pipeline.ts";
import { experimentNames, readExperiment } from "../engine/graph/experiment.ts";
import { isFailure, systemRefusal } from "../engine/files/failure.ts";
import { gcCommand, type GcCommandOptions } from "./commands/gc.ts";
import type { Pipeline } from "../engine/graph/graph.ts";
import { sentence, terminalText } from "./console/terminal_text.ts";
import { ROOT } from "../engine/keys/project.ts";
import type { GraphFormat } from "./console/listings.ts";
import type { Borrow } from "../engine/run/runner.ts";
import type { ReproduceOptions } from "./commands/reproduce.ts";
import {
  canRedraw,
  painted,
  paintError,
  unpainted,
  wantsColour,
} from "./console/style.ts";
import type { KeyOptions, SignOptions } from "./commands/sign.ts";
import type { VerifyOptions } from "./commands/verify.ts";
import { writeAll } from "../base/write_all.ts";
import type { ReportOptions } from "./commands/report.ts";
import type { ResultsOptions } from "./commands/results.ts";
import {
  inputError,
  isInputError,
  parse,
  suggestion,
} from "../base/input_error.ts";
import { Evaluation } from "../schemas/experiment/evaluation.ts";
import { EXPORT_PRECISIONS } from "../schemas/exported_model.ts";
import { PROVIDERS, Runtime } from "../schemas/experiment/runtime.ts";
import { ServeLimits } from "../schemas/http_api.ts";
import type { ServeOptions } from "./commands/serve.ts";
import type {
  BeliefOptions,
  ExportOptions,
  ImportOptions,
  PullCommandOptions,
  PushCommandOptions,
} from "./commands/sharing.ts";
import type { InitOptions } from "./commands/init.ts";
import type { DescribeOptions } from "./commands/describe.ts";
import {
  findExport,
  findExports,
  findModel,
  modelNames,
} from "../apps/models.ts";
import type { WebOptions } from "./commands/web.ts";
import type { Given, Grammar, Slot } from "./completion/completion.ts";
import { linesOf } from "./console/input_lines.ts";
import { completionScript, type Shell, SHELLS } from "./completion/shells.ts";
import {
  age,
  collect,
  metricNames,
  METRICS,
  number,
  port,
  positive,
  size,
} from "./option_values.ts";

const streams = { out: Deno.stdout, err: Deno.stderr };
const { CI, FORCE_COLOR, NO_COLOR, TERM } = Deno.env.toObject();

const terminal: Console = {
  // What is no terminal gets every byte: a log is piped as it is.
  out: (text) =>
    writeAll(Deno.stdout, Deno.stdout.isTerminal() ? terminalText(text) : text),
  err: (text) => writeAll(Deno.stderr, terminalText(text)),
  draw: (stream, frame) => writeAll(streams[stream], frame),
  size: (stream) => {
    if (!streams[stream].isTerminal() || !canRedraw({ CI, TERM })) {
      return undefined;
    }
    // A terminal that does not know its size says 0.
    const { columns, rows } = Deno.consoleSize();
    return { columns: columns || 80, rows: rows || 24 };
  },
  onResize: (listener) => {
    if (Deno.build.os === "windows") return () => {};
    Deno.addSignalListener("SIGWINCH", listener);
    return () => Deno.removeSignalListener("SIGWINCH", listener);
  },
  paint: (stream) => {
    const isTerminal = streams[stream].isTerminal();
    return wantsColour({ FORCE_COLOR, NO_COLOR, TERM }, isTerminal)
      ? painted
      : unpainted;
  },
  now: () => Date.now(),
  ask: (question) =>
    Deno.stdin.isTerminal() && Deno.stdout.isTerminal()
      ? prompt(sentence(question))
      : null,
};

/** Modules that are read when a command needs them: one that an import names as it stands, Deno reads at once. */
const later = {
  completion: () =>
    read<typeof import("./completion/completion.ts")>(
      "./completion/completion.ts",
    ),
  help: () => read<typeof import("./help.ts")>("./help.ts"),
  plans: () =>
    read<typeof import("../apps/init/plans.ts")>("../apps/init/plans.ts"),
  doctor: () =>
    read<typeof import("../apps/doctor/doctor.ts")>("../apps/doctor/doctor.ts"),
  report: () =>
    read<typeof import("./commands/report.ts")>("./commands/report.ts"),
  results: () =>
    read<typeof import("./commands/results.ts")>("./commands/results.ts"),
  score: () =>
    read<typeof import("../nmt/metrics/score.ts")>("../nmt/metrics/score.ts"),
  serve: () =>
    read<typeof import("./commands/serve.ts")>("./commands/serve.ts"),
  setup: () => read<typeof import("./commands/init.ts")>("./commands/init.ts"),
  sharing: () =>
    read<typeof import("./commands/sharing.ts")>("./commands/sharing.ts"),
  standards: () =>
    read<typeof import("./commands/describe.ts")>("./commands/describe.ts"),
  translate: () =>
    read<typeof import("../nmt/decoding/translate.ts")>(
      "../nmt/decoding/translate.ts",
    ),
  web: () => read<typeof import("./commands/web.ts")>("./commands/web.ts"),
};
const read = <Module>(path: string): Promise<Module> => import(path);

/** Commands that know nothing of a pipeline, and need not wait until it is read. */
const APART = [
  "completion",
  "diff",
  "export",
  "import",
  "keygen",
  "pull",
  "push",
  "sign",
  "verify",
];
const NO_PIPELINE: Pipeline = { graph: () => new Map() };

/** Runs the command line of a pipeline and ends the process with its exit code. */
export async function main(
  loadModule: () => Promise<Pipeline>,
  args: readonly string[],
): Promise<never> {
  const load = () => loadModule().catch(refuseModule);
  return await exit(async () => {
    const [first, ...rest] = args;
    if (first === "complete") return await completeCommand(load, rest);
    const isApart = APART.includes(first);
    const pipeline = isApart ? NO_PIPELINE : await load();
    return await execute(
      pipelineProgram(pipeline, args, load),
      first === "help" ? [...rest.slice(0, 1), "--help"] : args,
    );
  });
}

/** A module of the pipeline that cannot be loaded, or throws as it is, is its author's to mend. */
function refuseModule(error: unknown): never {
  const isTold = isInputError(error) || isFailure(error);
  if (isTold || Deno.env.has("DEBUG")) throw error;
  const { message, stack } = error instanceof Error
    ? error
    : new Error(String(error));
  const [place] = /file:\/\/\S+?:\d+(:\d+)?/.exec(`${message}\n${stack}`) ?? [];
  const [reason] = message.split("\n");
  throw inputError(
    `Cannot load the pipeline: ${reason.replace(/[.:]$/, "")}${
      place === undefined || reason.includes(place) ? "" : ` at ${place}`
    }; mend the module and run again.`,
  );
}

/** The commands of a task, and what the one that was executed ended with. */
interface Program {
  readonly program: Command;
  code(): number;
}

async function execute(
  { program, code }: Program,
  args: readonly string[],
): Promise<number> {
  if (args.some((arg) => /^(-h|--help)$/.test(arg))) {
    const { EXPLAINED, examplesText, GROUPS } = await later.help();
    for (const command of program.commands) {
      const name = command.name();
      command.helpGroup(GROUPS[EXPLAINED[name]?.group ?? "use"]);
      command.addHelpText(
        "after",
        examplesText(`${program.name()} ${name}`, name),
      );
    }
    program.addHelpText(
      "after",
      `\nExamples of a command: ${program.name()} COMMAND --help`,
    );
  }
  checkGiven(args);
  await program.parseAsync([...args], { from: "user" });
  return code();
}

/** An input error for a path or a name of no letters, which a script's empty variable leaves: it would be this folder. */
function checkGiven(args: readonly string[]): void {
  const at = args.findIndex((arg) => /^(--[\w-]+=)?$/.test(arg));
  if (at < 0) return;
  const after = args[at] !== "" || at === 0 ? args[at] : args[at - 1];
  throw inputError(
    `Cannot use an empty argument${
      after === "" ? "" : ` after "${after}"`
    }: expected a value; leave it out, or give one.`,
  );
}

function pipelineProgram(
  pipeline: Pipeline,
  args: readonly string[],
  load = () => Promise.resolve(pipeline),
): Program {
  let code: number = EXIT.done;
  const program = plain(new Command("deno task pipeline"))
    .description("Brings an experiment's nodes up to date, and tells of them.");
  const words: string[] = [];
  const command = { pipeline, console: terminal, args, words };
  const add = (name: string, description: string, isDefault = false) => {
    words.push(name.split(" ")[0]);
    return common(
      plain(program.command(name, { isDefault })).description(description),
    );
  };

  selecting(add("run", "brings nodes and what they need up to date", true))
    .option(
      "--force",
      "reruns the selected nodes though they are up to date",
      false,
    )
    .option("--dry-run", "prints what would run and why, runs nothing", false)
    .option(
      "--jobs <n>",
      "stages at once, as far as cores and memory allow",
      positive,
      navigator.hardwareConcurrency,
    )
    .option("--share-cores", "stages may share cores, trainings too", false)
    .option(
      "--sandbox",
      "runs stages in bubblewrap, which holds native code too",
      false,
    )
    .option("--quiet", "prints errors and the summary only", false)
    .option("--no-progress", "prints no progress of a running node")
    .option(
      "--remote <remote>",
      "takes results from there in place of making them; may be repeated",
      collect,
      [],
    )
    .addOption(signedBy()).addOption(unsigned())
    .action(async (nodes: string[], options: RunOptions) => {
      const signal = interruption();
      const borrow = await borrowing(pipeline, options, signal);
      code = await runCommand(command, { ...options, nodes, signal, borrow });
    });
  selecting(add("status", "one row a node: state, reason, size, age"))
    .action(async (nodes: string[], options: SelectingOptions) => {
      code = await statusCommand(command, { ...options, nodes });
    });
  add("explain", "what enters a node's key, and what of it has changed")
    .argument("<node>")
    .action(async (node: string, options: CommonOptions) => {
      code = await explainCommand(command, node, options);
    });
  add("graph", "the nodes and what they need")
    .addOption(
      new Option("--format <format>", "how it is written")
        .choices(["text", "mermaid", "dot", "json"]).default("text"),
    )
    .action((options: CommonOptions & { format: GraphFormat }) => {
      code = graphCommand(command, options);
    });
  add("log", "the recorded runs, or a node's log of its last run")
    .argument("[node]")
    .action((node: string | undefined, options: CommonOptions) => {
      code = logCommand(command, node, options);
    });
  add("verify", "rehashes every object of the manifest, or of the one named")
    .argument("[manifest]")
    .addOption(signedBy())
    .action(async (manifest: string | undefined, options: VerifyOptions) => {
      const { verifyCommand } = await import("./commands/verify.ts");
      code = await verifyCommand(terminal, manifest, options);
    });
  add("gc", "removes what no kept result needs; shows it first, and asks")
    .option(
      "--keep-last <n>",
      "keeps what the last n runs used, beside the manifest",
      positive,
      1,
    )
    .option(
      "--older-than <age>",
      "removes only older results, and older checkpoints (otherwise 14d); m, h, d or w",
      age,
    )
    .option(
      "--max-size <size>",
      "removes the oldest results only, until objects take at most this, such as 20G; B, K, M, G or T of 1000",
      size,
    )
    .option(
      "--manifest <file>",
      "keeps what this manifest names as well; may be repeated",
      collect,
      [],
    )
    .option("--yes", "removes without asking", false)
    .option("--dry-run", "prints what would be removed, removes nothing", false)
    .action(async (options: GcCommandOptions) => {
      code = await gcCommand(command, options);
    });

  words.push("results");
  plain(program.command("results"))
    .description("the table of systems: committed results, or the last run")
    .addOption(
      new Option("--table <what>", "scores, learning curves, or grids")
        .choices(["systems", "curves", "tuning"]).default("systems"),
    )
    .option(
      "--experiment <name>",
      "an experiment of experiments/, or a file",
      DEFAULT_EXPERIMENT,
    )
    .option("--last", "the last run, though results are committed", false)
    .option("--save", "makes those of the last run the committed ones", false)
    .option("--latex", "a LaTeX table with booktabs", false)
    .option("--artifacts <folder>", "artifact folder (default: artifacts)")
    .option("--json", "one JSON object on standard output", false)
    .action(async (options: ResultsOptions) => {
      const { resultsCommand } = await later.results();
      code = await resultsCommand(pipeline, terminal, options);
    });

  words.push("report");
  plain(program.command("report"))
    .description("one HTML file on the last run: graph, results, models")
    .option(
      "--experiment <name>",
      "an experiment of experiments/, or a file",
      DEFAULT_EXPERIMENT,
    )
    .option("--out <file>", "where it goes (default: in the artifact folder)")
    .option("--against <manifest>", "an earlier run, to be compared with")
    .option("--force", "replaces any file there, not only a report", false)
    .option("--artifacts <folder>", "artifact folder (default: artifacts)")
    .action(async (options: ReportOptions) => {
      const { reportCommand } = await later.report();
      code = await reportCommand(pipeline, terminal, options);
    });

  words.push("describe");
  plain(program.command("describe"))
    .description("nodes of the last run, in the form of a public standard")
    .argument("[nodes...]", "names or globs; all unless given")
    .addOption(
      new Option("--format <format>", "the standard")
        .choices(["ro-crate", "in-toto", "croissant", "model-card"])
        .makeOptionMandatory(),
    )
    .option("--out <path>", "a file, or a new folder for what is several files")
    .option("--force", "replaces the file that --out names", false)
    .option("--key [file]", "signs a statement (default: the key of keygen)")
    .option(
      "--experiment <name>",
      "an experiment of experiments/, or a file",
      DEFAULT_EXPERIMENT,
    )
    .option("--artifacts <folder>", "artifact folder (default: artifacts)")
    .action(async (nodes: string[], options: DescribeOptions) => {
      const { describeCommand } = await later.standards();
      code = await describeCommand(pipeline, terminal, nodes, options);
    });

  words.push("diff", "reproduce", "trace");
  plain(program.command("diff"))
    .description("what differs between two manifests")
    .argument("<before>", "a manifest, an artifact folder or a git revision")
    .argument("<after>", "another")
    .option("--artifacts <folder>", "artifact folder (default: artifacts)")
    .option("--json", "one JSON object on standard output", false)
    .action(
      async (before: string, after: string, options: CommonOptions) => {
        const { diffCommand } = await import("./commands/diff.ts");
        code = diffCommand(terminal, before, after, options);
      },
    );
  plain(program.command("reproduce"))
    .description("makes anew what a manifest describes, and compares")
    .argument("<manifest>")
    .option("--only <node>", "these nodes and no others", collect, [])
    .option("--until <node>", "these nodes and what they need", collect, [])
    .option(
      "--tolerance <amount>",
      "how far metrics may be: a part such as 0.01, or METRIC=AMOUNT; may be repeated",
      collect,
      ["0.01"],
    )
    .option("--anyway", "makes them though the code is not that then", false)
    .option("--objects <folder>", "has what --only needs (default: artifacts)")
    .option("--artifacts <folder>", "where it is made (default: a new folder)")
    .option(
      "--jobs <n>",
      "stages at once, as far as cores and memory allow",
      positive,
      navigator.hardwareConcurrency,
    )
    .option("--sandbox", "runs stages in bubblewrap", false)
    .option("--quiet", "prints errors and the comparison only", false)
    .option("--no-progress", "prints no progress of a running node")
    .option("--json", "one JSON object on standard output", false)
    .action(async (manifest: string, options: ReproduceOptions) => {
      const { reproduceCommand } = await import(
        "./commands/reproduce.ts"
      );
      const signal = interruption();
      code = await reproduceCommand(command, manifest, { ...options, signal });
    });
  plain(program.command("trace"))
    .description("where a file comes from: node, inputs, data and licences")
    .argument("<file>")
    .option("--artifacts <folder>", "artifact folder (default: artifacts)")
    .option("--json", "one JSON object on standard output", false)
    .action(async (file: string, options: CommonOptions) => {
      const { traceCommand } = await import("./commands/trace.ts");
      code = await traceCommand(command, file, options);
    });

  words.push("keygen", "sign");
  plain(program.command("keygen"))
    .description("makes a key to sign with, and prints its public half")
    .option("--key <file>", "where it is kept (default: in your own folder)")
    .option("--json", "one JSON object on standard output", false)
    .action(async (options: KeyOptions) => {
      const { keygenCommand } = await import("./commands/sign.ts");
      code = keygenCommand(terminal, options);
    });
  plain(program.command("sign"))
    .description("signs the manifest, or the one named, beside it")
    .argument("[manifest]")
    .option("--key <file>", "the key (default: that of keygen)")
    .option("--artifacts <folder>", "artifact folder (default: artifacts)")
    .option("--json", "one JSON object on standard output", false)
    .action(async (manifest: string | undefined, options: SignOptions) => {
      const { signCommand } = await import("./commands/sign.ts");
      code = await signCommand(terminal, load, manifest, options);
    });

  words.push("push", "pull", "export", "import");
  plain(program.command("push"))
    .description("sends the manifest and its objects to remotes")
    .argument("<remotes...>", "folders or s3:// stores")
    .option("--paranoid", "reads back what is there already", false)
    .option("--force", "takes the name of another experiment there", false)
    .option("--artifacts <folder>", "artifact folder (default: artifacts)")
    .option("--json", "one JSON object on standard output", false)
    .action(async (remotes: string[], options: PushCommandOptions) => {
      const { pushCommand } = await later.sharing();
      const signal = interruption();
      code = await pushCommand(terminal, load, remotes, { ...options, signal });
    });
  plain(program.command("pull"))
    .description("takes an experiment's manifest and its objects from remotes")
    .argument("<remotes...>", "folders, https:// or s3:// stores")
    .option(
      "--experiment <name>",
      "an experiment of experiments/, or a file",
      DEFAULT_EXPERIMENT,
    )
    .addOption(signedBy()).addOption(unsigned())
    .option("--artifacts <folder>", "artifact folder (default: artifacts)")
    .option("--json", "one JSON object on standard output", false)
    .action(async (remotes: string[], options: PullCommandOptions) => {
      const { pullCommand } = await later.sharing();
      const signal = interruption();
      code = await pullCommand(terminal, load, remotes, { ...options, signal });
    });
  plain(program.command("export"))
    .description("writes the manifest and its objects to one file")
    .argument("<file>")
    .option("--force", "replaces any file there, not only a bundle", false)
    .option("--artifacts <folder>", "artifact folder (default: artifacts)")
    .option("--json", "one JSON object on standard output", false)
    .action(async (file: string, options: ExportOptions) => {
      const { exportCommand } = await later.sharing();
      const signal = interruption();
      code = await exportCommand(terminal, load, file, { ...options, signal });
    });
  plain(program.command("import"))
    .description("takes in the file that export wrote")
    .argument("<file>")
    .addOption(signedBy()).addOption(unsigned())
    .option("--artifacts <folder>", "artifact folder (default: artifacts)")
    .option("--json", "one JSON object on standard output", false)
    .action(async (file: string, options: ImportOptions) => {
      const { importCommand } = await later.sharing();
      const signal = interruption();
      code = await importCommand(terminal, load, file, { ...options, signal });
    });

  words.push("init");
  plain(program.command("init"))
    .description("an experiment on your own corpus: looks it over, writes it")
    .argument("<folder>", "where experiment.jsonc goes")
    .option("--source <file>", "sentences, one a line; .gz too")
    .option("--target <file>", "their translations, line by line")
    .option("--pairs <file>", "both in one .tsv: source TAB target")
    .option("--from <language>", "of the sources, such as pt")
    .option("--to <language>", "of the targets, such as en")
    .option("--size <size>", "small (the default) or medium")
    .option("--yes", "asks nothing", false)
    .action(async (folder: string, options: InitOptions) => {
      const { initCommand } = await later.setup();
      code = await initCommand(pipeline, terminal, folder, options);
    });

  words.push("doctor");
  plain(program.command("doctor"))
    .description("what this machine can use, what is missing, how to get it")
    .option("--artifacts <folder>", "artifact folder (default: artifacts)")
    .option("--json", "one JSON object on standard output", false)
    .action(async (options: { artifacts?: string; json: boolean }) => {
      const { examine, findings } = await later.doctor();
      const found = await examine(artifactFolder(options.artifacts));
      terminal.out(
        (options.json ? JSON.stringify(found) : findings(found)) + "\n",
      );
      code = found.ready ? EXIT.done : EXIT.failed;
    });

  words.push("completion");
  plain(program.command("completion"))
    .description("a script that makes a shell complete these commands")
    .addArgument(new Argument("<shell>", "its name").choices(SHELLS))
    .action((shell: Shell) => {
      terminal.out(completionScript(shell, ["pipeline", ...tools]));
    });

  return { program, code: () => code };
}

/** What may stand in place of the last word of a line: what the scripts of `completion` ask for. */
async function completeCommand(
  load: () => Promise<Pipeline>,
  [task = "", ...words]: readonly string[],
): Promise<number> {
  const { complete, completionText } = await later.completion();
  const { SIZES } = await later.plans();
  const { program } = task === "pipeline"
    ? pipelineProgram(NO_PIPELINE, [], load)
    : toolProgram();
  const command = task === "pipeline"
    ? program
    : program.commands.find((command) => command.name() === task);
  if (command === undefined) return EXIT.done;
  const experiments = join(ROOT, "experiments");
  const found = await complete(grammarOf(command), words, {
    nodes: async (given) => {
      const { value, what } = readExperiment(
        experiments,
        lastOf(given, "--experiment") ?? DEFAULT_EXPERIMENT,
        given.get("--set") ?? [],
      );
      return [...(await load()).graph(value, what).keys()];
    },
    models: (given) =>
      Promise.resolve(
        modelNames(artifactFolder(lastOf(given, "--artifacts"))),
      ),
    experiments: () => experimentNames(experiments),
    values: {
      "--metric": METRICS,
      "--provider": PROVIDERS.onnx,
      "--runtime": Object.keys(PROVIDERS),
      "--size": SIZES,
      "--tokenize": Evaluation.shape.tokenize.unwrap().options,
    },
  });
  terminal.out(completionText(found));
  return EXIT.done;
}

function lastOf(given: Given, long: string): string | undefined {
  return given.get(long)?.at(-1);
}

function grammarOf(command: Command): Grammar {
  const isTop = command.parent === null;
  return {
    name: command.name(),
    description: command.description(),
    options: [...command.options, ...isTop ? [] : [HELP]].map((option) => ({
      long: option.long ?? "",
      description: option.description,
      value: option.required || option.optional
        ? slotOf(option.flags.replace(/^.*[<[]|[>\]]$/g, ""), option)
        : undefined,
      // Options that may be repeated have a list as their default.
      repeats: Array.isArray(option.defaultValue),
    })),
    arguments: command.registeredArguments.map((argument) => ({
      ...slotOf(argument.name(), argument),
      variadic: argument.variadic,
    })),
    commands: command.commands.map(grammarOf),
    default: isTop ? "run" : undefined,
  };
}

const HELP = new Option("--help", "what there is to say, with examples");

function slotOf(
  name: string,
  { argChoices }: { readonly argChoices?: readonly string[] },
): Slot {
  return argChoices === undefined ? { name } : { name, choices: argChoices };
}

/** Nobody asks twice in so short a time: `deno task` passes on what the terminal has sent to this process already. */
const ONCE_MILLISECONDS = 500;

/** Aborted by the first Ctrl-C; the second ends the process. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  let first = Infinity;
  const stop = () => {
    const now = performance.now();
    if (now - first > ONCE_MILLISECONDS) Deno.exit(EXIT.interrupted);
    first = Math.min(first, now);
    controller.abort();
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, stop);
  }
  return controller.signal;
}

type RunOptions = RunCommandOptions & BeliefOptions & {
  readonly remote: readonly string[];
};

/** Where a run looks for results, if it names a remote. */
async function borrowing(
  pipeline: Pipeline,
  { remote, ...options }: RunOptions,
  signal: AbortSignal,
): Promise<Borrow | undefined> {
  if (remote.length === 0) return undefined;
  const { borrowFrom } = await later.sharing();
  return borrowFrom(pipeline, remote, options, signal);
}

function unsigned(): Option {
  return new Option(
    "--unsigned",
    "takes what nobody has signed; its hashes are checked all the same",
  ).default(false);
}

function signedBy(): Option {
  return new Option(
    "--signed-by <key>",
    "believes this key only: printed, a file, or a name of the policy; may be repeated",
  ).argParser(collect).default([]);
}

function common(command: Command): Command {
  return command
    .option(
      "--experiment <name>",
      "an experiment of experiments/, or a file",
      DEFAULT_EXPERIMENT,
    )
    .option(
      "--set <path=value>",
      "sets one value of the experiment; may be repeated",
      collect,
      [],
    )
    .option("--artifacts <folder>", "artifact folder (default: artifacts)")
    .option("--json", "one JSON object on standard output", false);
}

function selecting(command: Command): Command {
  return command
    .argument("[nodes...]", "names or globs; all unless given")
    .option("--only <node>", "these nodes and no others", collect, [])
    .option("--from <node>", "these nodes and what needs them", collect, [])
    .option("--until <node>", "these nodes and what they need", collect, [])
    .option("--paranoid", "rehashes objects before they are used", false);
}

const tools = ["translate", "score", "serve", "web"];

/** An input error where there is no such command beside the pipeline. */
function checkTool([name = ""]: readonly string[]): void {
  if (tools.includes(name) || name.startsWith("-")) return;
  throw inputError(
    name === ""
      ? `Cannot tell what to do; expected ${tools.join(" or ")}.`
      : `Cannot find command "${name}"${
        suggestion(name, tools).replace("?", "") ||
        `; there are ${tools.join(" and ")}`
      }.`,
  );
}

/** The commands beside the pipeline: translate, score, serve and web. */
function toolProgram(): Program {
  let code: number = EXIT.done;
  const program = plain(new Command("deno task"));
  plain(program.command("translate"))
    .description("translates standard input line by line to standard output")
    .option("--model <node>", "a node or a model file (default: best student)")
    .option("--tokenizer <file>", "the tokenizer of a model file")
    .option("--beam <n>", "hypotheses kept a sentence", positive)
    .option("--length-penalty <exponent>", "exponent of the length", number)
    .option("--int8", "8-bit matrix products: faster, nearly the same", false)
    .option("--runtime <name>", "onnx, tensorflow or reference", "onnx")
    .option("--provider <name>", "cpu, webgpu or cuda", "cpu")
    .option("--artifacts <folder>", "artifact folder (default: artifacts)")
    .action(translateCommand);
  plain(program.command("score"))
    .description("corpus BLEU and chrF of a hypothesis file")
    .argument("<hypothesis>").argument("<references...>")
    .option("--against <file>", "a second hypothesis, compared by bootstrap")
    .option("--metric <names>", "bleu, chrf or both", metricNames, [
      "bleu",
      "chrf",
    ])
    .option("--tokenize <name>", "tokenizer of BLEU", "13a")
    .option("--lowercase", "ignores case", false)
    .option("--json", "one JSON object on standard output", false)
    .action(scoreCommand);
  const limits = ServeLimits.parse({});
  plain(program.command("serve"))
    .description("translates with an exported model by HTTP, until SIGTERM")
    .option("--model <node>", "a node or a folder (default: best student)")
    .option("--int8", "the graph in 8 bits: smaller, nearly the same", false)
    .option("--host <address>", "where it listens", "127.0.0.1")
    .option(
      "--allow-host <name>",
      "another name of the server; may be repeated",
      collect,
      [],
    )
    .option("--port <n>", "0 is any that is free", port, 8000)
    .option(
      "--concurrency <n>",
      "sentences at once, a core each",
      positive,
      navigator.hardwareConcurrency,
    )
    .option("--queue <n>", "sentences that wait", positive, limits.queue)
    .option("--requests <n>", "requests at once", positive, limits.requests)
    .option(
      "--connections <n>",
      "open at once",
      positive,
      limits.connections,
    )
    .option("--max-body <size>", "of a request", size, limits.maxBody)
    .option(
      "--max-sentences <n>",
      "of a request",
      positive,
      limits.maxSentences,
    )
    .option("--max-words <n>", "of a sentence", positive, limits.maxWords)
    .option(
      "--max-characters <n>",
      "of a sentence",
      positive,
      limits.maxCharacters,
    )
    .option("--max-beam <n>", "of a request", positive, limits.maxBeam)
    .option(
      "--timeout <seconds>",
      "that a request, or a stop, may take",
      positive,
      limits.timeout,
    )
    .option("--artifacts <folder>", "artifact folder (default: artifacts)")
    .action(async ({ model, artifacts, ...options }: ServingOptions) => {
      const folder = findExport(artifactFolder(artifacts), model);
      const { serveCommand } = await later.serve();
      code = await serveCommand(terminal, folder, options, interruption());
    });
  plain(program.command("web"))
    .description("the translator in a browser, offline; until SIGTERM")
    .option(
      "--model <node>",
      "a node or a folder (default: all that are exported); may be repeated",
      collect,
      [],
    )
    .addOption(
      new Option("--precision <name>", "of the graphs")
        .choices(EXPORT_PRECISIONS).default("int8"),
    )
    .option("--host <address>", "where it listens", "127.0.0.1")
    .option("--port <n>", "0 is any that is free", port, 8080)
    .option("--out <folder>", "writes static files there, and ends")
    .option("--artifacts <folder>", "artifact folder (default: artifacts)")
    .option("--json", "one JSON object on standard output", false)
    .action(async ({ model, artifacts, ...options }: WebCommandOptions) => {
      const folder = artifactFolder(artifacts);
      const folders = model.length === 0
        ? findExports(folder)
        : model.map((name) => findExport(folder, name));
      const { webCommand } = await later.web();
      code = await webCommand(terminal, folders, options, interruption());
    });
  return { program, code: () => code };
}

interface TranslateOptions {
  readonly model?: string;
  readonly tokenizer?: string;
  readonly beam?: number;
  readonly lengthPenalty?: number;
  readonly int8: boolean;
  readonly runtime: string;
  readonly provider: string;
  readonly artifacts?: string;
}

async function translateCommand(options: TranslateOptions): Promise<void> {
  const defaults = Evaluation.parse({});
  const { runtime: name, provider } = options;
  const runtime = parse(Runtime, { name, provider }, "--runtime, --provider");
  if (options.int8 && (runtime.name !== "onnx" || runtime.provider !== "cpu")) {
    throw inputError(
      `Cannot use --int8 with runtime ${name} on ${provider}: only onnx on cpu has 8-bit matrix products; leave one of them out.`,
    );
  }
  const { modelPath, tokenizerPath } = findModel(
    artifactFolder(options.artifacts),
    options,
  );
  const { translateStream } = await later.translate();
  await translateStream({
    modelPath,
    tokenizerPath,
    runtime,
    precision: options.int8 ? "int8" : "float32",
    beam: options.beam ?? defaults.beam,
    lengthPenalty: options.lengthPenalty ?? defaults.lengthPenalty,
    lines: linesOf(Deno.stdin.readable),
    write: (line: string) => terminal.out(line + "\n"),
  });
}

type ServingOptions = ServeOptions & {
  readonly model?: string;
  readonly artifacts?: string;
};

type WebCommandOptions = WebOptions & {
  readonly model: readonly string[];
  readonly artifacts?: string;
};

interface ScoreOptions {
  readonly against?: string;
  readonly metric: ("bleu" | "chrf")[];
  readonly tokenize: string;
  readonly lowercase: boolean;
  readonly json: boolean;
}

async function scoreCommand(
  hypothesis: string,
  references: string[],
  { metric, json, ...options }: ScoreOptions,
): Promise<void> {
  const { scoreFiles, formatScores } = await later.score();
  const report = await scoreFiles({
    ...options,
    hypothesis,
    references,
    metrics: metric,
  });
  terminal.out((json ? JSON.stringify(report) : formatScores(report)) + "\n");
}

function plain(command: Command): Command {
  return command.exitOverride().configureOutput({
    writeOut: terminal.out,
    writeErr: () => {},
  }).helpCommand(false);
}

/** Ends the process with a command's exit code; an error is one sentence, its stack only where it is a bug and DEBUG is set. */
async function exit(command: () => Promise<number>): Promise<never> {
  try {
    return Deno.exit(await command());
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return Deno.exit(EXIT.done);
      tellError(`Cannot read the command line: ${mistake(error.message)}.`);
      return Deno.exit(EXIT.input);
    }
    if (isInputError(error) || isFailure(error)) {
      tellError(error.message);
      return Deno.exit(isInputError(error) ? EXIT.input : EXIT.failed);
    }
    if (error instanceof Deno.errors.BrokenPipe) return Deno.exit(EXIT.failed);
    const { message, stack } = error instanceof Error
      ? error
      : new Error(String(error));
    const isDebugging = (Deno.env.get("DEBUG") ?? "") !== "";
    const refused = systemRefusal(error);
    if (isDebugging) terminal.err(`${stack ?? message}\n`);
    else {
      tellError(
        refused ?? `Unexpected error: ${message} (DEBUG=1 shows where).`,
      );
    }
    return Deno.exit(refused === undefined ? EXIT.failed : EXIT.input);
  }
}

function tellError(message: string): void {
  terminal.err(paintError(terminal.paint("err"), sentence(message)) + "\n");
}

/** What the parser says of a mistake, with what may have been meant. */
function mistake(message: string): string {
  const [, word, choices] = /'([^']*)' is invalid.*Allowed choices are (.*)\.$/s
    .exec(message) ?? [];
  const hint = word === undefined
    ? ""
    : suggestion(word, choices.split(", ")).replace("?", "");
  return message.replace(/^error: /, "").replace(/\.$/, hint)
    .replace(/\s?\(Did you mean ([^?]*)\?\)/, ", did you mean $1");
}

if (import.meta.main) {
  await exit(() => {
    checkTool(Deno.args);
    return execute(toolProgram(), Deno.args);
  });
}
