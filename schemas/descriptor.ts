/** Descriptors of `data/`: packages and files of a parallel corpus, their hashes, licences and formats. */
import { z } from "zod";
import { Language } from "./language.ts";
import { Sha256 } from "./sha256.ts";

/** A path in a package; `*` stands for any run of characters of one name, at most once. */
const pattern = z.string().min(1).refine(
  (path) => path.split("*").length <= 2,
  "expected at most one * in a path",
);

const MessageFile = z.strictObject({
  path: pattern,
  /** What the keys of this file start with; `*` is what the path's `*` stood for. */
  prefix: z.string().default(""),
  /** The text is a letter-for-letter pseudo-localisation of the language, as `nmt/text/formats/pseudo_localisation.ts` undoes it. */
  pseudo: z.boolean().default(false),
});
export type MessageFile = z.infer<typeof MessageFile>;

const Package = z.strictObject({
  name: z.string().regex(
    /^(@[a-z0-9._-]+\/)?[a-z0-9._-]+$/,
    "expected a package name",
  ),
  /** One version and no range: the bytes are pinned. */
  version: z.string().regex(
    /^\d+\.\d+\.\d+(?:[a-zA-Z_.+-][\w.+-]*)?$/,
    "expected an exact version",
  ),
  integrity: z.string().regex(
    /^sha512-[A-Za-z0-9+/]{86}==$/,
    "expected a sha512 integrity",
  ),
  licence: z.string().min(1),
  /** Size of the tarball. */
  bytes: z.int().min(1),
  /** Where the messages of each language are. */
  files: z.record(Language, z.array(MessageFile).min(1)),
});
export type Package = z.infer<typeof Package>;

/** How the files of a source are written; `nmt/text/formats/messages.ts` has a reader for each. */
const Format = z.enum([
  "json",
  "properties",
  "vscode",
  "typescript",
  "assignments",
  "module",
]);
export type Format = z.infer<typeof Format>;

const MessageSource = z.strictObject({
  label: z.string().min(1),
  format: Format,
  /** Messages hold HTML tags: both sides must have the same ones, which are then removed. */
  markup: z.boolean().default(false),
  /** Menu texts mark their access key with an ampersand, which is removed. */
  mnemonics: z.boolean().default(false),
  /** Keys that hold settings rather than text, as a regular expression. */
  ignoredKeys: z.string().optional(),
  packages: z.array(Package).min(1),
});
/** Messages by key, in packages. */
export type MessageSource = z.infer<typeof MessageSource>;

const fileName = z.string().regex(
  /^[\w][\w.+~-]*$/,
  "expected a plain file name",
);

/** How a file is made of others; `nmt/text/formats/recipes.ts` has a function for each. */
const Recipe = z.enum([
  /** Debian packages of LibreOffice's help, a language each: `page TAB element TAB other language TAB en`. */
  "help-pages",
]);
export type Recipe = z.infer<typeof Recipe>;

/**
 * A file of a data set. It is pinned by `sha256` and `bytes`; one whose hash nobody has recorded says `maximumBytes` in
 * their place, and an experiment that uses it has to say the hash itself.
 */
export const DataFile = z.strictObject({
  /** What it is called in a mirror and among the experiment's `sha256`. */
  name: fileName,
  /** Where it can be downloaded; the first that answers is taken. Empty for a file that is only in mirrors. */
  urls: z.array(z.url({ protocol: /^https?$/ })).default([]),
  /** How to get it by hand, where there is no URL or more is to be said than that. */
  origin: z.string().min(1).optional(),
  licence: z.string().min(1),
  sha256: Sha256.optional(),
  bytes: z.int().min(1).optional(),
  maximumBytes: z.int().min(1).optional(),
  /** The same file as gzip, under its name and `.gz`: a mirror may have that in its place. */
  gzip: z.strictObject({ sha256: Sha256, bytes: z.int().min(1) }).optional(),
  /** Which files of this descriptor it is made of where no mirror has it, and how. */
  made: z.strictObject({ by: Recipe, of: z.record(Language, fileName) })
    .optional(),
}).superRefine((file, context) => {
  const issue = (message: string) =>
    context.addIssue({ code: "custom", message });
  const { urls, origin, made } = file;
  if (urls.length === 0 && origin === undefined && made === undefined) {
    issue('expected "urls", "made", or "origin": how to get the file by hand');
  }
  const isPinned = file.sha256 !== undefined && file.bytes !== undefined &&
    file.maximumBytes === undefined;
  const isUnpinned = file.sha256 === undefined && file.bytes === undefined &&
    file.maximumBytes !== undefined;
  if (!isPinned && !isUnpinned) {
    issue(
      'expected "sha256" and "bytes", or "maximumBytes" alone where the hash is not known',
    );
  }
  if (!isPinned && (file.gzip ?? made) !== undefined) {
    issue('"gzip" and "made" go with "sha256" and "bytes"');
  }
});
export type DataFile = z.infer<typeof DataFile>;

/** Where text is: a file of the descriptor, or a member of one that is a `.tar`, `.tgz`, `.tar.gz` or `.zip`. */
const Place = z.strictObject({
  file: fileName,
  member: z.string().min(1).optional(),
});
export type Place = z.infer<typeof Place>;

const part = z.enum(["train", "validation", "test"]);

/** A file a side, in which the same sentence stands at the same place; `nmt/text/formats/texts.ts` has a reader for each format. */
const SidesFormat = z.enum([
  /** A sentence a line. */
  "lines",
  /** The same between lines of tags, as in the training files of IWSLT's TED talks. */
  "tagged",
  /** `<seg id="1">` elements, as in the test files of IWSLT and WMT. */
  "segments",
]);
export type SidesFormat = z.infer<typeof SidesFormat>;

const Sides = z.strictObject({
  part,
  format: SidesFormat,
  sides: z.record(Language, Place),
});
export type Sides = z.infer<typeof Sides>;

/** What a column of a table may be beside the text of a language. */
export const GROUP = "group", IGNORED = "-";

const Table = z.strictObject({
  part,
  format: z.literal("tsv"),
  table: Place,
  /**
   * The columns in their order: a language; `group` for what a sentence belongs to and must not be split from (a page, a
   * package); `-` for what is not read.
   */
  columns: z.array(z.union([Language, z.literal(GROUP), z.literal(IGNORED)]))
    .min(2),
});
export type Table = z.infer<typeof Table>;

const Pairs = z.strictObject({
  part,
  format: z.literal("pairs"),
  /** A file of both sides, in a format of `nmt/text/formats/pairs/pairs.ts`: CSV, JSON lines, TMX and others. */
  pairs: Place,
  /** Languages that it has. */
  languages: z.array(Language).min(2),
});
export type Pairs = z.infer<typeof Pairs>;

const Text = z.union([Sides, Table, Pairs]);
export type Text = z.infer<typeof Text>;

const TextSource = z.strictObject({
  label: z.string().min(1),
  texts: z.array(Text).min(1),
});
/** Sentences by their place, in files. */
export type TextSource = z.infer<typeof TextSource>;

const Source = z.union([MessageSource, TextSource]);
export type Source = z.infer<typeof Source>;

/** What the user's own files are called where they are kept beside those of descriptors. */
const TAKEN = ["train", "validation", "test"];

export const Descriptor = z.strictObject({
  /** For editors: the JSON Schema of descriptors. */
  $schema: z.string().optional(),
  name: z.string().regex(
    /^[a-z0-9][a-z0-9-]*$/,
    "expected a name of lower-case letters, digits and dashes",
  ).refine(
    (name) => !TAKEN.includes(name),
    `expected another name than ${TAKEN.join(", ")}`,
  ),
  description: z.string().min(1),
  /** What a paper that uses it cites, and who else is to be named. */
  citation: z.array(z.string().min(1)).default([]),
  languages: z.array(Language).min(2),
  files: z.array(DataFile).default([]),
  sources: z.array(Source).min(1),
}).superRefine(({ files, sources }, context) => {
  const names = files.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) {
    context.addIssue({
      code: "custom",
      path: ["files"],
      message: `expected each file once, found "${twice}" twice`,
    });
  }
  const expectNames = (path: (string | number)[], found: string[]) => {
    for (const name of found.filter((name) => !names.includes(name))) {
      context.addIssue({
        code: "custom",
        path,
        message: `expected a file of "files", found "${name}"`,
      });
    }
  };
  for (const [i, source] of sources.entries()) {
    const places = "texts" in source ? source.texts.flatMap(placesOf) : [];
    expectNames(["sources", i], places.map(({ file }) => file));
  }
  for (const [i, { made }] of files.entries()) {
    expectNames(["files", i, "made"], Object.values(made?.of ?? {}));
  }
});
export type Descriptor = z.infer<typeof Descriptor>;

/** All places of a text, whatever the language. */
export function placesOf(text: Text): Place[] {
  return "table" in text
    ? [text.table]
    : "pairs" in text
    ? [text.pairs]
    : Object.values(text.sides);
}
