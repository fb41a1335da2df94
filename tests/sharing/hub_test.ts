/** `push` of an exported model to the Hugging Face Hub: what is sent, to whom, and what is refused. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { join } from "@std/path";
import { filesOf, sha256 } from "../../engine/files/hash.ts";
import type { Progress } from "../../engine/graph/stage.ts";
import { parseHubAddress } from "../../sharing/hub/address.ts";
import { pushModel } from "../../sharing/hub/push_model.ts";
import { temporary } from "../fixtures/made_run.ts";
import { copyOf, RESEARCH, trainedStudent } from "../fixtures/trained.ts";
import { HASTY, SILENT } from "./fixtures/exchange.ts";
import { pushTo } from "./fixtures/hub_push.ts";
import { type HubServer, startHub, TOKEN } from "./fixtures/hub_server.ts";

const REPOSITORY = "ana/phrases.pt-en";
const ADDRESS = `hf://${REPOSITORY}`;
const EXPORT = "export:no-kd";

/** Pushes what the trained student's run made. */
async function push(
  hub: Pick<HubServer, "url">,
  words: readonly string[],
  environment?: Readonly<Record<string, string>>,
) {
  const { artifacts } = await trainedStudent();
  return await pushTo(hub, [...words, "--artifacts", artifacts], environment);
}

Deno.test("an export is sent whole to a private repository, and nothing twice", async () => {
  const { exported } = await trainedStudent();
  await using hub = startHub();
  const first = await push(hub, [ADDRESS, EXPORT]);
  assertEquals(first.code, 0, first.err);
  const names = filesOf(exported);
  assert(names.length > 8);
  assertStringIncludes(
    first.out,
    `Pushed "${EXPORT}" to "${ADDRESS}": ${names.length} objects of `,
  );
  // Sizes are said before.
  assertMatch(first.err, /export:no-kd +[\d.]+ [kM]B/);
  assertStringIncludes(first.out, "is new and private");
  assert(hub.isPrivate(REPOSITORY));
  const there = hub.files(REPOSITORY) ?? new Map();
  assertEquals(
    [...there.keys()].toSorted(),
    [".gitattributes", ...names].toSorted(),
  );
  for (const name of names) {
    assertEquals(there.get(name), Deno.readFileSync(join(exported, name)));
  }
  const uploads = () =>
    hub.requests.filter(({ line }) => /^PUT|\/commit\//.test(line)).length;
  const before = uploads();
  assert(before > 5);
  const second = await push(hub, [ADDRESS, EXPORT, "--json"]);
  assertEquals(second.code, 0, second.err);
  assertEquals(JSON.parse(second.out).remotes, [
    { remote: ADDRESS, objects: 0, bytes: 0 },
  ]);
  assertEquals(uploads(), before);

  hub.change(REPOSITORY, "README.md", "another");
  hub.change(REPOSITORY, "int8/translate.onnx", "another");
  hub.change(REPOSITORY, "notes.txt", "of the user");
  const third = await push(hub, [ADDRESS]);
  assertMatch(third.out, /: 2 objects of /);
  const now = hub.files(REPOSITORY) ?? new Map();
  assertEquals(now.get("README.md"), there.get("README.md"));
  assertEquals(new TextDecoder().decode(now.get("notes.txt")), "of the user");
  // The large file is known already.
  assertEquals(uploads(), before + 1);
  assertEquals(hub.commits(REPOSITORY).length, 3);
});

Deno.test("the token is that of HF_TOKEN or of the Hub's file, and goes nowhere but to the endpoint", async () => {
  using folder = temporary();
  await using hub = startHub();
  Deno.writeTextFileSync(join(folder.path, "token"), `${TOKEN}\n`);
  const home = { HF_HOME: folder.path };
  const stored = await push(hub, [ADDRESS, EXPORT], home);
  assertEquals(stored.code, 0, stored.err);
  const wrong = await push(hub, [ADDRESS, EXPORT], {
    ...home,
    HF_TOKEN: "hf_wrongSecret",
  });
  assertEquals(wrong.code, 1);
  assertStringIncludes(
    wrong.err,
    `Cannot push to "${ADDRESS}": the Hub answers with status 401 (Invalid username or password.); ` +
      "check that the token is valid and may write there.",
  );
  const lines = [stored.out, stored.err, wrong.out, wrong.err].join("\n");
  assert(!lines.includes("Secret"), lines);
  // The server refuses one that is sent with an upload, which goes to a store of other people.
  assertEquals(
    hub.requests.filter(({ status }) => status >= 400).map(({ line }) => line),
    [
      `GET /api/models/${REPOSITORY}/tree/main`,
      `GET /api/models/${REPOSITORY}/tree/main`,
    ],
  );
});

Deno.test("a server that fails for a moment is asked again", async () => {
  await using hub = startHub();
  hub.failNext(503);
  const { code, err } = await push(hub, [ADDRESS, EXPORT]);
  assertEquals(code, 0, err);
});

Deno.test("a file that is damaged here is not sent", async () => {
  using copy = copyOf(await trainedStudent());
  await using hub = startHub();
  Deno.writeTextFileSync(join(copy.exported, "README.md"), "another");
  const { code, out, err } = await pushTo(hub, [
    ...[ADDRESS, EXPORT, "--artifacts", copy.artifacts],
  ]);
  assertEquals({ code, out }, { code: 1, out: "" });
  assertStringIncludes(
    err,
    `Cannot push "README.md": it is missing or damaged in the artifact folder; make it again with "deno task pipeline run --force ${EXPORT} --experiment `,
  );
  assertStringIncludes(
    err,
    `/phrases-pt-en.json --artifacts ${copy.artifacts}".`,
  );
  assertEquals(hub.requests, []);
});

Deno.test("an export of data that nobody may pass on in another form is not published, and goes to a folder of one's own", async () => {
  using copy = copyOf(await trainedStudent());
  await using hub = startHub();
  const path = copy.path("phrases-pt-en.json"), talks = copy.path("talks.json");
  const { data, ...experiment } = JSON.parse(Deno.readTextFileSync(path));
  Deno.writeTextFileSync(
    path,
    JSON.stringify({ ...experiment, data: { ...data, descriptor: talks } }),
  );
  const described = Deno.readTextFileSync(talks);
  Deno.writeTextFileSync(
    talks,
    described.replaceAll(RESEARCH, "CC BY-NC-ND 4.0"),
  );
  const exported = await copy.pipeline("run", EXPORT, "--quiet");
  assertEquals(exported.code, 0, exported.err);
  const own = copy.path("own");
  const push = (...words: string[]) =>
    pushTo(hub, [...words, EXPORT, "--artifacts", copy.artifacts]);
  for (const words of [[ADDRESS], [own, ADDRESS]]) {
    const { code, out, err } = await push(...words);
    assertEquals({ code, out }, { code: 2, out: "" }, err);
    assertEquals(
      err,
      `Cannot push "${EXPORT}" to "${ADDRESS}": the licence of "talks", "CC BY-NC-ND 4.0", does not allow changed copies; ask its owner for other terms, or train without it; a folder or S3 store of your own takes it as it is.\n`,
    );
  }
  assertEquals(hub.requests, []);
  const kept = await push(own);
  assertEquals(kept.code, 0, kept.err);
});

Deno.test("a file that is another there than was sent is told", async () => {
  using folder = temporary();
  await using hub = startHub();
  const path = join(folder.path, "config.json");
  Deno.writeTextFileSync(path, "{}");
  const pushed = (text: string) =>
    pushModel(
      [{ name: "config.json", path, sha256: sha256(text), bytes: 2 }],
      parseHubAddress(ADDRESS),
      { endpoint: hub.url, token: TOKEN },
      HASTY,
      SILENT,
    );
  hub.lose("config.json");
  await assertRejects(
    () => pushed("{}"),
    Error,
    `Cannot push to "${ADDRESS}": "config.json" is another file there than was sent; push again.`,
  );
  assertEquals(await pushed("{}"), { objects: 1, bytes: 2 });
});

Deno.test("a wrong address is told without what may be secret in it", () => {
  assertThrows(
    () => parseHubAddress("hf://ana:hf_se/cret@phrases?token=hf_secret"),
    Error,
    'Cannot use "hf://phrases": expected a model',
  );
});

/** Pushes files of two bytes each. */
async function pushFiles(
  hub: HubServer,
  names: readonly string[],
  { timeout = HASTY.timeout, listener = SILENT } = {},
) {
  using folder = temporary();
  const files = names.map((name) => {
    const path = join(folder.path, name);
    Deno.writeTextFileSync(path, "{}");
    return { name, path, sha256: sha256("{}"), bytes: 2 };
  });
  const access = { endpoint: hub.url, token: TOKEN };
  const network = { ...HASTY, timeout };
  const address = parseHubAddress(ADDRESS);
  return await pushModel(files, address, access, network, listener);
}

Deno.test("a repository whose creation was not answered is taken as it is, and progress comes to its end", async () => {
  await using hub = startHub();
  hub.loseAnswer("/api/repos/create");
  const seen: Progress[] = [];
  const listener = { ...SILENT, progress: (it: Progress) => seen.push(it) };
  const names = ["config.json", "model.onnx"];
  const sent = await pushFiles(hub, names, { listener });
  assertEquals(sent, { objects: 2, bytes: 4 });
  assert(hub.isPrivate(REPOSITORY));
  const created = hub.requests.filter(({ line }) => line.endsWith("/create"));
  assertEquals(created.map(({ status }) => status), [504, 409]);
  assertEquals(seen.at(-1), {
    ...{ done: 1, total: 1, unit: "MB", note: "2 of 2 objects" },
  });
});

for (
  const path of [
    `/upload/${sha256("{}")}`,
    `/api/models/${REPOSITORY}/commit/main`,
  ]
) {
  Deno.test(`a push that gets no answer to ${path.split("/").at(-1)} gives up`, async () => {
    await using hub = startHub();
    hub.ignore(path);
    await assertRejects(
      () => pushFiles(hub, ["model.onnx"], { timeout: 1000 }),
      Error,
      `Cannot reach "${ADDRESS}": `,
    );
  });
}

Deno.test("what is no export, no address or no token is refused before anything is sent", async () => {
  await using hub = startHub();
  const refusals: readonly (readonly [
    words: readonly string[],
    message: string,
    environment?: Readonly<Record<string, string>>,
  ])[] = [
    [
      [ADDRESS, "student:no-kd"],
      `Cannot push to "${ADDRESS}": expected one exported model, found student:no-kd; name one of ${EXPORT}.`,
    ],
    [
      [ADDRESS, EXPORT, "evaluate:no-kd"],
      `Cannot push to "${ADDRESS}": expected one exported model, found `,
    ],
    [
      ["hf://phrases", EXPORT],
      'Cannot use "hf://phrases": expected a model of the Hugging Face Hub as hf://USER/NAME.',
    ],
    [
      [ADDRESS, EXPORT],
      "Cannot push to the Hugging Face Hub: there is no token; run `hf auth login`, or set HF_TOKEN.",
      {},
    ],
    [
      [ADDRESS, EXPORT],
      'Cannot use the token of HF_TOKEN: expected one that begins with "hf_".',
      { HF_TOKEN: "Secret" },
    ],
    [
      [ADDRESS, EXPORT],
      'Cannot use HF_ENDPOINT: expected the address of a web server, found "hub.example.org".',
      { HF_TOKEN: TOKEN, HF_ENDPOINT: "hub.example.org" },
    ],
  ];
  for (const [words, message, environment] of refusals) {
    const { code, err, out } = await push(hub, words, environment);
    assertStringIncludes(err, message);
    assertEquals({ code, out }, { code: 2, out: "" });
    assertEquals(err.trim().split("\n").length, 1, err);
  }
  assertEquals(hub.requests, []);
});
