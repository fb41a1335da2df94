/** What the documents say of tests, other documents and pictures is true of those that are there. */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { statIfThere } from "../../engine/files/atomic.ts";

const FOLDER = new URL("../../", import.meta.url);

const read = (path: string) => Deno.readTextFileSync(new URL(path, FOLDER));

const namesIn = (folder: string) =>
  [...Deno.readDirSync(new URL(folder, FOLDER))].map(({ name }) => name);

const DOCUMENTS = [
  "README.md",
  ...namesIn("docs").filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

/** Bytes that a picture, and all of them, may take: who clones has them all. */
const MOST = { one: 150_000, all: 600_000 };

Deno.test("each test that docs/engine.md names is there", () => {
  const named = [
    ...read("docs/engine.md").matchAll(
      /`(tests\/[\w/]+\.ts)`: ([^|]+?) … *\|/g,
    ),
  ];
  assert(named.length > 15);
  for (const [, path, name] of named) {
    assert(read(path).includes(name), `"${name}" is no test of ${path}.`);
  }
});

Deno.test("each threat in docs/sharing.md that is held names its test, by file and title", () => {
  const rows = read("docs/sharing.md").split("\n")
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()))
    .filter(([, held]) => held === "yes" || held === "no");
  assert(rows.length >= 30);
  for (const [threat, held, , test] of rows) {
    if (held === "no") continue;
    const [, path, name] = /^`(tests\/[^`]+)`: (.+)$/.exec(test) ?? [];
    assert(path !== undefined, `"${threat}" names no test.`);
    assert(read(path).includes(name), `"${name}" is no test of ${path}.`);
  }
});

Deno.test("each link of a document to a file of the project leads to one, and to a heading of it", () => {
  const broken = DOCUMENTS.flatMap((document) =>
    linksOf(document).flatMap(({ target }) => {
      const url = new URL(target, new URL(document, FOLDER));
      const path = fromFileUrl(url);
      const isRight = statIfThere(path) !== undefined &&
        (url.hash === "" || headingsOf(path).includes(url.hash.slice(1)));
      return isRight ? [] : [`${document}: ${target}`];
    })
  );
  assertEquals(broken, []);
});

Deno.test("each picture of a document says what it shows, and is of a size that all can have", () => {
  const shown = DOCUMENTS.flatMap((document) =>
    linksOf(document).filter(({ isPicture }) => isPicture)
      .map((picture) => ({ ...picture, document }))
  );
  assert(shown.length > 0);
  for (const { document, target, text } of shown) {
    assert(text.split(" ").length > 3, `${document}: "${text}" of ${target}`);
  }
  const names = shown.map(({ target }) => target.replace(/^.*\//, ""));
  const pictures = ["docs/pictures", "docs/results"].flatMap((folder) =>
    namesIn(folder).filter((name) => !name.endsWith(".ts"))
      .map((name) => ({ folder, name }))
  );
  assertEquals(pictures.filter(({ name }) => !names.includes(name)), []);
  let all = 0;
  for (const { folder, name } of pictures) {
    const { size } = Deno.statSync(new URL(`${folder}/${name}`, FOLDER));
    assert(size <= MOST.one, `${name} has ${size} bytes`);
    all += size;
  }
  assert(all <= MOST.all, `${all} bytes`);
});

interface Link {
  readonly target: string;
  readonly text: string;
  readonly isPicture: boolean;
}

/** The links and pictures of a document that lead to files of the project. */
function linksOf(document: string): Link[] {
  const prose = read(document).replace(/^```[\s\S]*?^```$/gm, "")
    .replace(/`[^`\n]*`/g, "code");
  return [...prose.matchAll(/(!?)\[([^\]]*)\]\(([^)\s]+)\)/g)]
    .map(([, mark, text, target]) => ({
      target,
      text,
      isPicture: mark === "!",
    }))
    .filter(({ target }) => !/^\w+:/.test(target));
}

/** The headings of a document as links name them. */
function headingsOf(path: string): string[] {
  return [...Deno.readTextFileSync(path).matchAll(/^#+ (.+)$/gm)]
    .map(([, heading]) =>
      heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-")
    );
}
