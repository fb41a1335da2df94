/** Hostile and broken stages: what each does, and what must come of it. Anybody may add one. */
import { SECRETS } from "./stages_reading.ts";
import { FILES } from "./stages_writing.ts";

/** A stage is the honest one with a few words more; what it does comes before its honest end. */
export interface StageAttack {
  /** Ends the sentence "a stage that ...". */
  readonly name: string;
  /** Statements in `run`, where `outputs`, `work`, `log`, `progress`, `seed` and `honest` are at hand. */
  readonly body?: string;
  /** Statements at the top of its module. */
  readonly top?: string;
  /** Fields of the stage, such as `permissions`. */
  readonly fields?: string;
  /** Further files, by their paths in the project; `{{secret}}` stands for a file outside of it, everywhere. */
  readonly files?: Readonly<Record<string, string>>;
  /** Links in the project, and where they lead. */
  readonly links?: Readonly<Record<string, string>>;
  /** Variables of the environment of the run. */
  readonly env?: Readonly<Record<string, string>>;
  /** Done by somebody else once the stage has written `ready` into its folder `work`; then `go` is written there. */
  readonly accomplice?: (node: string) => void;
  /** Runs as two nodes, side by side, and once more with `--force`. */
  readonly twice?: boolean;
  readonly expect: Expectation;
}

export type Expectation =
  /** The node fails, the other branch goes on; or the run is refused before it starts. All of these are in what it says. */
  | { readonly fails: readonly string[] }
  | { readonly refused: readonly string[] }
  /** It runs, and gives the bytes of the honest stage, with these metrics where they are others. */
  | {
    readonly runs: "honestly" | "with other bytes";
    readonly metrics?: Readonly<Record<string, number | string>>;
  };

const HONESTLY = { runs: "honestly" } as const;
/** What is said of a result that is none. */
const UNRECORDED = ['Stage "attack"', "what it reported cannot be recorded"];
const FAILED = ['Stage "attack" failed'];

/** Results that cannot be recorded, and some that look so. */
const METRICS: readonly StageAttack[] = [
  ...[
    ["NaN", "{ n: NaN }"],
    ["a nested object", "{ n: { m: 1 } }"],
    ["null", "{ n: null }"],
    ["a text of 100,000 characters", '{ n: "x".repeat(100_000) }'],
    ["a text that steers the terminal", '{ n: "\\u001b[2J" }'],
    ["a name that steers the terminal", '{ "\\u001b[2J": 1 }'],
    ["a name that turns the direction of writing", '{ "\\u202e": 1 }'],
    ["an empty name", '{ "": 1 }'],
    [
      "10,000 names",
      "Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`n${i}`, i]))",
    ],
    ["null instead of all", "null"],
  ].map(([what, metrics]): StageAttack => ({
    name: `reports as metrics ${what}`,
    body: `await honest(); return { metrics: ${metrics} };`,
    expect: { fails: UNRECORDED },
  })),
  ...([
    ["minus zero, which JSON does not know", "{ n: -0 }", { n: 0 }],
    ["undefined, which JSON leaves out", "{ n: undefined }", {}],
    ["the smallest number", "{ n: 5e-324 }", { n: 5e-324 }],
    ["names of Object.prototype", "{ constructor: 1, toString: 2 }", {
      constructor: 1,
      toString: 2,
    }],
    ["an object with toJSON", "{ toJSON: () => ({ n: 3 }) }", { n: 3 }],
    ["what is text in any writing", '{ n: "naïve 文 🎉" }', {
      n: "naïve 文 🎉",
    }],
  ] as const).map(([what, metrics, expected]): StageAttack => ({
    name: `reports as metrics ${what}`,
    body: `await honest(); return { metrics: ${metrics} as never };`,
    expect: { runs: "honestly", metrics: { ...expected } },
  })),
  {
    name: "reports as metrics the name __proto__, which is left out",
    body:
      `await honest(); return { metrics: JSON.parse('{ "__proto__": { "n": 1 } }') };`,
    expect: { runs: "honestly", metrics: {} },
  },
  {
    name: "reports a measurement that is NaN",
    body: "return { ...await honest(), measurements: { seconds: NaN } };",
    expect: { fails: UNRECORDED },
  },
  {
    name: "reports a bigint",
    body: "await honest(); return { metrics: { n: 1n as never } };",
    expect: { fails: [...FAILED, "BigInt"] },
  },
  {
    name: "reports metrics that contain themselves",
    body:
      "const metrics: any = {}; metrics.n = metrics; await honest(); return { metrics };",
    expect: { fails: [...FAILED, "circular"] },
  },
  {
    name: "reports metrics that throw when they are read",
    body:
      'await honest(); return { metrics: { get n(): number { throw new Error("caught"); } } };',
    expect: { fails: [...FAILED, "caught"] },
  },
  {
    name: "returns nothing",
    body: "await honest(); return undefined as never;",
    expect: { fails: FAILED },
  },
];

/** Statements by which a stage sends a text where the engine's own messages go. */
const SEND =
  `const channel = Deno.openSync("/dev/fd/3", { write: true }); const send = (text: string) => { const bytes = new TextEncoder().encode(text); for (let at = 0; at < bytes.length;) at += channel.writeSync(bytes.subarray(at)); };`;

/** What goes to standard output and to the engine's own channel. */
const MESSAGES: readonly StageAttack[] = [
  {
    name: "prints U+001E and a false result",
    body:
      'console.log(`\\u001e${JSON.stringify({ type: "result", metrics: { n: 9 }, measurements: {} })}`);',
    expect: HONESTLY,
  },
  {
    name: "prints a false error on both of its outputs",
    body:
      'const text = JSON.stringify({ type: "error", name: "InputError", message: "no", stack: "" }); console.log(text); console.error(text);',
    expect: HONESTLY,
  },
  {
    name: "prints bytes that are no text",
    body:
      "for (let i = 0; i < 256; i++) await Deno.stdout.write(new Uint8Array([i, 255 - i]));",
    expect: HONESTLY,
  },
  {
    name: "prints 100 MB",
    body:
      'const line = new TextEncoder().encode("x".repeat(999_999) + "\\n"); for (let i = 0; i < 100; i++) { for (let at = 0; at < line.length;) at += Deno.stdout.writeSync(line.subarray(at)); }',
    expect: HONESTLY,
  },
  {
    name: "prints 20 MB without an end of line on standard error",
    body:
      'const part = new TextEncoder().encode("x".repeat(1 << 20)); for (let i = 0; i < 20; i++) { for (let at = 0; at < part.length;) at += Deno.stderr.writeSync(part.subarray(at)); }',
    expect: HONESTLY,
  },
  {
    name: "closes its standard output",
    body: "Deno.stdout.close();",
    expect: HONESTLY,
  },
  {
    name: "logs what steers the terminal",
    body: 'log("\\u001b[2J\\u001b]0;title\\u0007\\u009b2J");',
    expect: HONESTLY,
  },
  {
    name: "logs 10,000 lines",
    body: "for (let i = 0; i < 10_000; i++) log(`line ${i}`);",
    expect: HONESTLY,
  },
  {
    name: "logs a line of 20 MB",
    body: 'log("x".repeat(20_000_000));',
    expect: { fails: UNRECORDED },
  },
  {
    name: "goes backwards, in a unit that steers the terminal",
    body:
      'progress({ done: -5, total: 1e300, unit: "\\u001b[2J" }); progress({ done: 5, total: -1, unit: "" });',
    expect: HONESTLY,
  },
  ...[
    ["no JSON", '"garbage\\n"', UNRECORDED],
    ["a message of no kind that is known", `'{"type":"stop"}\\n'`, UNRECORDED],
    ["half a message, and the result behind it", `'{"type":'`, UNRECORDED],
    ["20 MB without an end", '"x".repeat(20_000_000)', UNRECORDED],
    [
      "a false error",
      `'{"type":"error","name":"Error","message":"not so","stack":""}\\n'`,
      [...FAILED, "not so"],
    ],
  ].map(([what, text, fails]): StageAttack => ({
    name: `sends on the engine's channel ${what}`,
    body: `${SEND} send(${text});`,
    expect: { fails: [...fails] },
  })),
  {
    name: "sends a false result before it has written anything",
    body:
      `${SEND} send('{"type":"result","metrics":{"n":9},"measurements":{}}\\n'); await new Promise(() => {});`,
    expect: { fails: ['Stage "attack" did not write its output'] },
  },
  {
    name: "sends its result twice, of which the first counts",
    body:
      `await honest(); ${SEND} for (const n of [7, 8]) send(JSON.stringify({ type: "result", metrics: { n }, measurements: {} }) + "\\n"); await new Promise(() => {});`,
    expect: { runs: "honestly", metrics: { n: 7 } },
  },
  {
    name: "says a hundred times that it is ready, and that it waits",
    body:
      `${SEND} for (let i = 0; i < 100; i++) send('{"type":"ready"}\\n{"type":"waiting"}\\n');`,
    expect: HONESTLY,
  },
  {
    name: "closes the engine's channel",
    top: 'import { closeSync } from "node:fs";',
    body: "closeSync(3);",
    expect: { fails: ['Stage "attack"'] },
  },
];

/** Ends that are none. */
const ENDS: readonly StageAttack[] = [
  {
    name: "exits with 0 before its end",
    body: "Deno.exit(0);",
    expect: { fails: ['Stage "attack" ended without a result', "exit code 0"] },
  },
  {
    name: "exits with 7, its outputs written",
    body: "await honest(); Deno.exit(7);",
    expect: { fails: ['Stage "attack" ended without a result', "exit code 7"] },
  },
  {
    name: "aborts",
    top: 'import process from "node:process";',
    body: "process.abort();",
    expect: { fails: ['Stage "attack" ended without a result'] },
  },
  ...[
    ["null", "null"],
    ["an object", "{ message: 5 }"],
    [
      "an error of two lines that steer the terminal",
      'new Error("one\\n\\u001b[2Jtwo")',
    ],
    [
      "an error whose message is no text",
      "Object.assign(new Error(), { message: 5 })",
    ],
  ].map(([what, thrown]): StageAttack => ({
    name: `throws ${what}`,
    body: `throw ${thrown};`,
    expect: { fails: FAILED },
  })),
  {
    name: "throws an error of 20 MB",
    body: 'throw new Error("x".repeat(20_000_000));',
    expect: { fails: ['Stage "attack"'] },
  },
  {
    name: "throws what the engine throws for a user's mistake",
    body:
      'const error = new Error("Cannot go on."); error.name = "InputError"; throw error;',
    expect: { fails: ["Cannot go on"] },
  },
  {
    name: "leaves a rejection unhandled",
    body:
      'Promise.reject(new Error("unhandled")); await new Promise((done) => setTimeout(done, 50));',
    expect: { fails: [...FAILED, "unhandled"] },
  },
  {
    name: "throws in a timer",
    body:
      'setTimeout(() => { throw new Error("in a timer"); }); await new Promise((done) => setTimeout(done, 50));',
    expect: { fails: ['Stage "attack"', "in a timer"] },
  },
  {
    name: "calls itself without end",
    body: "const call = (): number => 1 + call(); call();",
    expect: { fails: [...FAILED, "call stack"] },
  },
  {
    name: "runs out of memory",
    fields: 'permissions: { env: ["DENO_V8_FLAGS"] },',
    env: { DENO_V8_FLAGS: "--max-old-space-size=200" },
    body:
      "const kept: unknown[] = []; for (;;) kept.push(Array.from({ length: 1000 }, (_, i) => ({ i })));",
    expect: { fails: ['Stage "attack" ended without a result'] },
  },
  {
    name: "leaves a worker that is busy without end",
    body:
      'new Worker(URL.createObjectURL(new Blob(["for (;;);"])), { type: "module" });',
    expect: HONESTLY,
  },
  {
    name: "is busy without end after its result",
    body: "setTimeout(() => { for (;;); }, 200);",
    expect: HONESTLY,
  },
  {
    name: "is busy without end as it is unloaded",
    body: 'addEventListener("unload", () => { for (;;); });',
    expect: HONESTLY,
  },
  {
    name: "does not let itself be ended",
    body: "Deno.exit = (() => {}) as never; setInterval(() => {}, 10);",
    expect: HONESTLY,
  },
  {
    name: "does not hear of signals",
    body:
      'Deno.addSignalListener("SIGTERM", () => {}); Deno.addSignalListener("SIGINT", () => {});',
    expect: HONESTLY,
  },
];

/** Other processes, the system, and what the stage's own process is made of. */
const POWERS: readonly StageAttack[] = [
  {
    name: "kills itself",
    body: 'Deno.kill(Deno.pid, "SIGKILL");',
    expect: { fails: ['Stage "attack" ended without a result', "SIGKILL"] },
  },
  ...[
    [
      "kills its parent",
      'import process from "node:process";',
      "process.kill(process.ppid);",
      "run",
    ],
    [
      "starts a program",
      "",
      'await new Deno.Command("/bin/true").output();',
      "run",
    ],
  ].map(([name, top, body, kind]): StageAttack => ({
    name,
    top,
    body,
    expect: { fails: ['Stage "attack" needs', `${kind} access`] },
  })),
  ...[
    ["sees a variable", "", 'Deno.env.get("HOME");', "environment variable"],
    ["asks for the host's name", "", "Deno.hostname();", "ask the system"],
    ["fetches", "", 'await fetch("http://127.0.0.1:8499");', "may not reach"],
    [
      "listens",
      "",
      'Deno.listen({ port: 0, hostname: "127.0.0.1" });',
      "may not reach",
    ],
    [
      "connects by Node",
      'import { connect } from "node:net";',
      'await new Promise((_, fail) => connect(9, "127.0.0.1").on("error", fail));',
      "may not reach",
    ],
    [
      "loads a library",
      "",
      'Deno.dlopen("/lib/x86_64-linux-gnu/libc.so.6", {});',
      "native code",
    ],
  ].map(([name, top, body, part]): StageAttack => ({
    name: `${name} without declaring it`,
    top,
    body,
    expect: { fails: ['Stage "attack"', part] },
  })),
  {
    name: "asks for permissions, and goes on without",
    body:
      'for (const name of ["read", "write", "net", "run", "env", "ffi", "sys"] as const) { const { state } = await Deno.permissions.request({ name }); if (state === "granted") throw new Error(`granted: ${name}`); }',
    expect: HONESTLY,
  },
  {
    name: "looks at the clock, which is allowed",
    body:
      "await honest(); await Deno.writeTextFile(outputs.out, `${Date.now()}`); return { metrics: { n: 1 } };",
    expect: { runs: "with other bytes" },
  },
  {
    name: "writes its messages by a JSON.stringify of its own",
    body:
      'JSON.stringify = () => \'{"type":"result","metrics":{"n":9},"measurements":{}}\';',
    expect: { runs: "honestly", metrics: { n: 9 } },
  },
  {
    name: "changes prototypes",
    body:
      'Object.assign(Object.prototype, { metrics: { n: 9 }, sha256: "0", folder: true }); Array.prototype.push = () => 0; Map.prototype.get = () => undefined;',
    expect: HONESTLY,
  },
  {
    name: "takes Deno away from its process",
    body:
      'await honest(); Reflect.deleteProperty(globalThis, "Deno"); return { metrics: { n: 1 } };',
    expect: HONESTLY,
  },
];

/** What a process may keep or pass on beside its outputs. */
const STATE: readonly StageAttack[] = [
  ...[
    [
      "localStorage",
      'const found = localStorage.getItem("x"); localStorage.setItem("x", "kept");',
    ],
    [
      "caches",
      'const cache = await caches.open("x"); const found = await (await cache.match("https://x.invalid/"))?.text() ?? null; await cache.put("https://x.invalid/", new Response("kept"));',
    ],
    [
      "its folder `work`",
      'let found = null; try { found = Deno.readTextFileSync(`${work}/x`); } catch { Deno.writeTextFileSync(`${work}/x`, "kept"); }',
    ],
    [
      "BroadcastChannel",
      'let found = null; const channel = new BroadcastChannel("x"); channel.onmessage = ({ data }) => found = data; for (let i = 0; i < 20; i++) { channel.postMessage(`from ${seed}`); await new Promise((done) => setTimeout(done, 25)); } channel.close();',
    ],
  ].map(([what, statements]): StageAttack => ({
    name:
      `keeps or passes on something by ${what}, which no other process finds`,
    body:
      `${statements} if (found !== null) throw new Error(\`It found \${found}.\`);`,
    twice: true,
    expect: HONESTLY,
  })),
  {
    name: "holds a lock of the navigator, which holds up no other process",
    body:
      'const held = await navigator.locks?.request("x", { ifAvailable: true }, async (lock) => { await new Promise((done) => setTimeout(done, 300)); return lock !== null; }); if (held === false) throw new Error("It is held.");',
    twice: true,
    expect: HONESTLY,
  },
  {
    name: "opens a database of Deno's",
    body:
      'const kv = await (Deno as any).openKv(); await kv.set(["x"], 1); kv.close();',
    expect: { fails: FAILED },
  },
];

/** What a stage declares, which the engine itself reads. */
const DECLARATIONS: readonly StageAttack[] = [
  ...[
    ["that lies above its folder", "../../out.txt"],
    ["of the system", "/tmp/out.txt"],
    ["without a name", ""],
    ["that is its folder", "."],
    ["with a control character", "out\\u001b[2J.txt"],
    ["of Windows", "..\\\\..\\\\out.txt"],
  ].map(([what, path]): StageAttack => ({
    name: `declares an output ${what}`,
    fields:
      `outputs: { out: { path: "${path}", mediaType: "text/plain" }, folder: { path: "folder", mediaType: "inode/directory", folder: true } },`,
    expect: { refused: ["attack"] },
  })),
  {
    name: "declares the output __proto__",
    fields:
      'outputs: { ["__proto__"]: { path: "p.txt", mediaType: "text/plain" }, out: { path: "out.txt", mediaType: "text/plain" }, folder: { path: "folder", mediaType: "inode/directory", folder: true } },',
    expect: { fails: ["attack", "__proto__"] },
  },
  {
    name: "declares two outputs of one path",
    fields:
      'outputs: { out: { path: "out.txt", mediaType: "text/plain" }, other: { path: "out.txt", mediaType: "text/plain" }, folder: { path: "folder", mediaType: "inode/directory", folder: true } },',
    expect: { refused: ["attack", "out.txt"] },
  },
  {
    name: "declares an output within another",
    fields:
      'outputs: { out: { path: "folder/out.txt", mediaType: "text/plain" }, folder: { path: "folder", mediaType: "inode/directory", folder: true } },',
    expect: { refused: ["attack", "folder"] },
  },
  ...[
    ["that is not there", '["{{secret}}.absent"]'],
    ["that never ends", '["/dev/zero"]'],
    ["that is a FIFO", '["{{folder}}/fifo"]'],
    ["that is a folder with a FIFO", '["{{folder}}/fifos"]'],
    ["that is a link to itself", '["{{folder}}/circle"]'],
  ].map(([what, files]): StageAttack => ({
    name: `names a data file ${what}`,
    fields: `files: () => ${files},`,
    links: { circle: "circle" },
    expect: { refused: ["attack"] },
  })),
  ...[
    ["files", "what is no list", "files: () => 5 as never,"],
    ["files", "an error", 'files: () => { throw new Error("in files"); },'],
    ["environment", "a function", "environment: () => (() => 1) as never,"],
    [
      "environment",
      "an error",
      'environment: () => { throw new Error("in environment"); },',
    ],
    [
      "requires",
      "an error",
      'requires: () => { throw new Error("in requires"); },',
    ],
  ].map(([what, gives, fields]): StageAttack => ({
    name: `gives by \`${what}\` ${gives}`,
    fields,
    expect: { refused: ["attack"] },
  })),
  {
    name: "throws at the top of its module",
    top: 'throw new Error("at the top");',
    expect: { refused: ["attack.ts", "at the top"] },
  },
  {
    name: "is no TypeScript",
    top: "const = ;",
    expect: { refused: ["attack.ts"] },
  },
];

export const STAGE_ATTACKS: readonly StageAttack[] = [
  ...METRICS,
  ...MESSAGES,
  ...ENDS,
  ...POWERS,
  ...STATE,
  ...DECLARATIONS,
  ...SECRETS,
  ...FILES,
];
