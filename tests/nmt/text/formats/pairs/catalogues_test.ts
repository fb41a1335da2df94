/** Gettext catalogues, as text and compiled: one that translates its messages, and two that are joined by them. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import gettext from "gettext-parser";
import { readJoined } from "../../../../../nmt/text/formats/pairs/catalogues.ts";
import { readPairs } from "../../../../../nmt/text/formats/pairs/pairs.ts";
import { copyFiles } from "../../../../../nmt/text/fetch/user_files.ts";
import { hasProgram } from "../../../../fixtures/command.ts";
import { withFolder } from "../../../fixtures/folder.ts";
import { refusal } from "../../../fixtures/refusal.ts";

const LOCALES = "/usr/share/locale";

/** A catalogue of some entries. */
const po = (language: string, entries: string, plural?: string) => {
  const forms = plural === undefined ? "" : `Plural-Forms: ${plural}\\n`;
  return `msgid ""\nmsgstr "Language: ${language}\\nContent-Type: text/plain; charset=UTF-8\\n${forms}"\n\n${entries}`;
};

const compiled = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(gettext.mo.compile(gettext.po.parse(text)));

const PORTUGUESE = po(
  "pt_BR",
  'msgid "a house"\nmsgstr "uma casa"\n\n' +
    'msgctxt "verb"\nmsgid "house"\nmsgstr "alojar"\n\n' +
    'msgid "%d house"\nmsgid_plural "%d houses"\nmsgstr[0] "%d casa"\nmsgstr[1] "%d casas"\n\n' +
    'msgid "%d cat"\nmsgid_plural "%d cats"\nmsgstr[0] "%d gato"\nmsgstr[1] "%d gatos"\n\n' +
    'msgid "alone"\nmsgstr "sozinho"\n',
);

const POLISH = po(
  "pl",
  'msgid "%d house"\nmsgid_plural "%d houses"\nmsgstr[0] "%d dom"\nmsgstr[1] "%d domy"\nmsgstr[2] "%d domów"\n\n' +
    'msgid "house"\nmsgstr "dom"\n\n' +
    'msgid "a house"\nmsgstr "dom"\n\n' +
    'msgctxt "verb"\nmsgid "house"\nmsgstr "mieścić"\n\n' +
    'msgctxt "zoo"\nmsgid "house"\nmsgstr "klatka"\n\n' +
    'msgid "%d cat"\nmsgstr "%d kot"\n\nmsgid "later"\nmsgstr ""\n',
  "nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);",
);

const ENGLISH_PAIRS = [
  ["%d casa", "%d house"],
  ["%d casas", "%d houses"],
  ["%d gato", "%d cat"],
  ["%d gatos", "%d cats"],
  ["alojar", "house"],
  ["sozinho", "alone"],
  ["uma casa", "a house"],
];

const JOINED = [
  ["%d casa", "%d dom"],
  ["%d casas", "%d domów"],
  ["alojar", "mieścić"],
  ["uma casa", "dom"],
];

interface Pair {
  readonly source: string;
  readonly target: string;
}

async function sorted(pairs: AsyncIterable<Pair>): Promise<string[][]> {
  const all = await Array.fromAsync(pairs);
  return all.map(({ source, target }) => [source, target]).toSorted();
}

const read = (
  path: string,
  languages = { source: "pt", target: "en" },
  name = path,
) => sorted(readPairs({ path, name }, languages));

Deno.test("a compiled catalogue is read as its text, of either order of bytes, and by its beginning", () =>
  withFolder(async (folder) => {
    const bytes = compiled(PORTUGUESE);
    const swapped = bytes.slice();
    const [from, to] = [bytes, swapped].map(({ buffer }) =>
      new DataView(buffer)
    );
    const texts = from.getUint32(8, true);
    const numbers = 7 + 4 * texts;
    for (let at = 0; at < 4 * numbers; at += 4) {
      to.setUint32(at, from.getUint32(at, true), false);
    }
    for (
      const [name, content] of [
        ["a.po", new TextEncoder().encode(PORTUGUESE)],
        ["a.mo", bytes],
        ["b.mo", swapped],
        ["data", bytes],
        ["other", swapped],
      ] as const
    ) {
      Deno.writeFileSync(`${folder}/${name}`, content);
      assertEquals(await read(`${folder}/${name}`), ENGLISH_PAIRS, name);
    }
  }));

Deno.test("the folder of a compiled catalogue says its language where its header does not", () =>
  withFolder(async (folder) => {
    const path = `${folder}/a.mo`;
    Deno.writeFileSync(
      path,
      compiled(PORTUGUESE.replace("Language: pt_BR\\n", "")),
    );
    const languages = { source: "pt", target: "en" };
    assertStringIncludes(
      await refusal(() => read(path)),
      "its header has no Language",
    );
    const name = "/usr/share/locale/pt_BR/LC_MESSAGES/a.mo";
    assertEquals(await read(path, languages, name), ENGLISH_PAIRS);
  }));

Deno.test("two catalogues are joined by message and context, with plurals by their forms of one and of many", () =>
  withFolder(async (folder) => {
    const file = (name: string, content: string | Uint8Array) => {
      const path = `${folder}/${name}`;
      if (typeof content === "string") Deno.writeTextFileSync(path, content);
      else Deno.writeFileSync(path, content);
      return { path, name };
    };
    const languages = { source: "pt", target: "pl" };
    const source = file("pt.mo", compiled(PORTUGUESE));
    const target = file("pl.mo", compiled(POLISH));
    assertEquals(
      await sorted(readJoined({ source, target }, languages)),
      JOINED,
    );
    // The files of an experiment: of either form, one may be text.
    Deno.mkdirSync(`${folder}/out`);
    const text = file("pl.po", POLISH);
    const data = { train: { source: source.path, target: text.path } };
    assertEquals(await copyFiles(data, languages, `${folder}/out`), {
      train: 4,
    });
    const lines = Deno.readTextFileSync(`${folder}/out/train.tsv`).trim()
      .split("\n").map((line) => line.split("\t"));
    assertEquals(lines.toSorted(), JOINED);

    const refused = (one: typeof source, other: typeof target) =>
      refusal(() =>
        Array.fromAsync(readJoined({ source: one, target: other }, languages))
      );
    assertStringIncludes(
      await refused(target, source),
      'Cannot use "pl.mo": its header has the Language "pl", expected "Language: pt"; give another catalogue, or the experiment its language.',
    );
    const none = file("none.po", po("pl", 'msgid "x"\nmsgstr "y"\n'));
    assertStringIncludes(
      await refused(source, none),
      'Cannot join "pt.mo" with "none.po": no message is translated in both; give two catalogues of one program.',
    );
    const plain = file("plain.txt", "dom\n");
    assertStringIncludes(
      await refusal(() =>
        copyFiles(
          { train: { source: source.path, target: plain.path } },
          languages,
          `${folder}/out`,
        )
      ),
      "one is a gettext catalogue and the other is not; expected two catalogues, or two files of as many lines.",
    );
  }));

/** `Plural-Forms` as catalogues have them, how many forms there are, and the places of those for one and for many. */
const PLURALS: readonly [string, number, readonly number[]][] = [
  ["nplurals=2; plural=n > 1;", 2, [0, 1]],
  ["nplurals=1; plural=0;", 1, [0]],
  [
    "nplurals=6; plural=n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5;",
    6,
    [1, 5],
  ],
  ["nplurals=3; plural=n==1?0:n?1:2;", 3, [0, 1]],
  [
    "nplurals=4; plural=(n%100==1 ? 1 : n%100==2 ? 2 : n%100==3 || n%100==4 ? 3 : 0);",
    4,
    [1, 0],
  ],
  // Without one that can be used: two are known, of three it is not known which is which.
  ["nplurals=2; plural=EXPRESSION;", 2, [0, 1]],
  ["nplurals=3; plural=n.constructor;", 3, []],
  ["nplurals=3; plural=n%0;", 3, []],
  [`nplurals=3; plural=${"(".repeat(5000)}n${")".repeat(5000)};`, 3, []],
  // A form that is not there.
  ["nplurals=3; plural=n==1 ? 0 : 2;", 2, [0]],
];

Deno.test("plurals have the forms that the header of their catalogue says, as text and compiled", () =>
  withFolder(async (folder) => {
    for (const [plural, count, places] of PLURALS) {
      const forms = Array.from({ length: count }, (_, i) => `form ${i}`);
      const text = po(
        "pt",
        'msgid "%d house"\nmsgid_plural "%d houses"\n' +
          forms.map((form, i) => `msgstr[${i}] "${form}"\n`).join("") +
          '\nmsgid "a"\nmsgstr "b"\n',
        plural,
      );
      const originals = places.length === 1 && count === 1
        ? ["%d houses"]
        : ["%d house", "%d houses"];
      const expected = [
        ["b", "a"],
        ...places.map((place, i) => [forms[place], originals[i]]),
      ].toSorted();
      const [catalogue, mo] = [`${folder}/a.po`, `${folder}/a.mo`];
      Deno.writeTextFileSync(catalogue, text);
      Deno.writeFileSync(mo, compiled(text));
      assertEquals(await read(catalogue), expected, plural);
      assertEquals(await read(mo), expected, plural);
    }
  }));

Deno.test("a damaged compiled catalogue is refused in a sentence", () =>
  withFolder(async (folder) => {
    const path = `${folder}/a.mo`;
    const bytes = compiled(PORTUGUESE);
    const refused = async (content: Uint8Array) => {
      Deno.writeFileSync(path, content);
      return await refusal(() => read(path, undefined, "a.mo"));
    };
    const is = 'Cannot use "a.mo": it is no compiled gettext catalogue (';
    for (const end of [0, 3, 20, 40, bytes.length - 10]) {
      assertStringIncludes(await refused(bytes.slice(0, end)), is);
    }
    assertStringIncludes(
      await refused(new TextEncoder().encode(PORTUGUESE)),
      is,
    );
    const many = bytes.slice();
    new DataView(many.buffer).setUint32(8, 0xffffffff, true);
    assertStringIncludes(await refused(many), is);
    // Each text is all of the file.
    const overlapping = bytes.slice();
    const view = new DataView(overlapping.buffer);
    for (let text = 0; text < view.getUint32(8, true); text++) {
      const at = view.getUint32(12, true) + 8 * text;
      view.setUint32(at, bytes.length, true);
      view.setUint32(at + 4, 0, true);
    }
    assertStringIncludes(await refused(overlapping), "(its texts overlap)");
    const klingon = compiled(PORTUGUESE);
    const at = new TextDecoder("latin1").decode(klingon).indexOf("=utf-8");
    klingon.set(new TextEncoder().encode("=kling"), at);
    assertStringIncludes(
      await refused(klingon),
      'its encoding "kling" is not known',
    );
    const invalid = compiled(PORTUGUESE);
    invalid[new TextDecoder("latin1").decode(invalid).indexOf("casas")] = 0xff;
    assertStringIncludes(
      await refused(invalid),
      'Cannot use "a.mo": it is not in its encoding, utf-8.',
    );
  }));

const domains = (language: string) => {
  try {
    return [...Deno.readDirSync(`${LOCALES}/${language}/LC_MESSAGES`)]
      .map(({ name }) => name).filter((name) => name.endsWith(".mo"));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
};
const [LANGUAGE, OTHER] = ["pl", "de"];
const SHARED = domains(LANGUAGE).filter((name) => domains(OTHER).includes(name))
  .sort().slice(0, 4);
const lacking = SHARED.length === 0
  ? `${LOCALES} has no catalogues of ${LANGUAGE} and ${OTHER}; "apt-get install gawk"`
  : hasProgram("msgunfmt")
  ? undefined
  : 'there is no msgunfmt; "apt-get install gettext"';

Deno.test({
  name: `catalogues of this machine give what msgunfmt finds in them${
    lacking === undefined ? "" : ` [not run: ${lacking}]`
  }`,
  ignore: lacking !== undefined,
  fn: () =>
    withFolder(async (folder) => {
      for (const domain of SHARED) {
        const [path, other] = [LANGUAGE, OTHER].map((language) =>
          `${LOCALES}/${language}/LC_MESSAGES/${domain}`
        );
        const text = `${folder}/${domain}.po`;
        const { success } = await new Deno.Command("msgunfmt", {
          args: [path, "-o", text],
        }).output();
        assert(success);
        const languages = { source: LANGUAGE, target: "en" };
        const pairs = await read(path, languages);
        assertEquals(
          pairs,
          await read(text, languages, `${LANGUAGE}/LC_MESSAGES/a.po`),
        );
        const joined = await sorted(readJoined({
          source: { path, name: path },
          target: { path: other, name: other },
        }, { source: LANGUAGE, target: OTHER }));
        assert(joined.length > 0 && joined.length <= pairs.length, domain);
      }
    }),
});
