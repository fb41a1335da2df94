/** The shape of the project: which room may import which, how large a folder may be, what says at its door what lives there. */
import { assert, assertEquals } from "@std/assert";
import { dirname, join } from "@std/path";
import ts from "typescript";
import {
  countHouse,
  filesByFolder,
  LIMITS,
  projectFiles,
  words,
} from "../tools/house.ts";

const FILES = await projectFiles();

/** What each room may import beside itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  schemas: ["base"],
  engine: ["base", "schemas"],
  nmt: ["base", "schemas"],
  stages: ["base", "engine", "nmt", "schemas"],
  "mod.ts": ["apps", "engine", "nmt"],
  "pipeline.ts": ["engine", "schemas", "stages"],
  sharing: ["base", "engine", "schemas"],
  apps: ["base", "engine", "nmt", "schemas"],
  cli: [
    ...["apps", "base", "engine", "nmt", "pipeline.ts", "schemas", "sharing"],
  ],
};

/** The modules of the rooms and what each imports, types included, as paths from the root. */
const IMPORTS = new Map(
  FILES.filter(({ path }) => path.endsWith(".ts") && roomOf(path) in MAY_IMPORT)
    .map(({ path, text }) => [
      path,
      ts.preProcessFile(text).importedFiles
        .map(({ fileName }) => fileName)
        .filter((specifier) => specifier.startsWith("."))
        .map((specifier) => join(dirname(path), specifier)),
    ]),
);

function roomOf(path: string): string {
  return path.split("/", 1)[0];
}

Deno.test("imports run one way: base, schemas, then engine and nmt, which do not know each other, then stages, sharing, apps, cli", () => {
  assert(IMPORTS.size > 300);
  const wrong = [...IMPORTS].flatMap(([from, targets]) => {
    const room = roomOf(from);
    return targets
      .filter((to) =>
        roomOf(to) !== room && !MAY_IMPORT[room].includes(roomOf(to))
      )
      .map((to) => `${from} -> ${to}`);
  });
  assertEquals(wrong, []);
});

Deno.test("no module imports itself, directly or through others, types included", () => {
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]) => {
    const at = trail.indexOf(path);
    if (at >= 0) cycles.push([...trail.slice(at), path].join(" -> "));
    if (at >= 0 || done.has(path)) return;
    for (const to of IMPORTS.get(path) ?? []) visit(to, [...trail, path]);
    done.add(path);
  };
  for (const path of IMPORTS.keys()) visit(path, []);
  assertEquals(cycles, []);
});

for (
  const [name, pattern, expected] of [
    [
      "the package that parses the command line",
      /^import (?!type)[^;]*from "commander"/m,
      1,
    ],
    [
      "TensorFlow.js",
      /^(?:im|ex)port (?!type)[^;]*from "@tensorflow\/tfjs"/m,
      1,
    ],
  ] as const
) {
  Deno.test(`${expected} file imports ${name}`, () => {
    const importing = FILES.filter(({ path, text }) =>
      IMPORTS.has(path) && pattern.test(text)
    );
    assertEquals(
      importing.length,
      expected,
      importing.map(({ path }) => path).join(),
    );
  });
}

Deno.test("folders are few at the top, and none is crowded", () => {
  const counts = countHouse(FILES);
  assert(counts["folders at the top"] <= LIMITS["folders at the top"]);
  // Committed results have a file for each language pair, test set and output, which a command writes.
  const crowded = [...filesByFolder(FILES)].filter(([folder, count]) =>
    count > LIMITS["files in the fullest folder"] &&
    !folder.startsWith("artifacts/")
  );
  assertEquals(crowded, []);
});

Deno.test("each folder at the top says in its README what lives there, and names its sub-folders", () => {
  const folders = [...filesByFolder(FILES).keys()]
    .filter((folder) => !/^(\.|artifacts\b|docs\b)/.test(folder));
  const unsaid = folders.flatMap((folder) => {
    const [room, inner] = folder.split("/", 2);
    const door = FILES.find(({ path }) => path === `${room}/README.md`);
    if (door === undefined) return [`${room}/README.md`];
    return inner === undefined || door.text.includes(`\`${inner}/\``)
      ? []
      : [`${inner}/ in ${room}/README.md`];
  });
  assertEquals([...new Set(unsaid)], []);
});

Deno.test("cli/main.ts stays small, and README.md short", () => {
  const counts = countHouse(FILES);
  for (
    const name of [
      "lines of cli/main.ts",
      "words of README.md",
      "words of pages",
    ] as const
  ) {
    assert(counts[name] <= LIMITS[name], `${name}: ${counts[name]}`);
  }
});

Deno.test("tables that a command prints have no words, others do", () => {
  const table = "| system | BLEU |\n| ------ | ---: |\n| rkd | 1.0 |\n";
  assertEquals(words(`Two words\n\n${table}`), 2 + 15);
  assertEquals(
    words(`Two words\n\n<!-- results: tiny -->\n\n${table}\nand two`),
    4,
  );
});
