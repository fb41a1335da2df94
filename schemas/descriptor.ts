/** A descriptor of `data/`: which packages a parallel corpus comes from, which bytes, which licences, how to read them. */
import { z } from "zod";

const language = z.string().regex(
  /^[a-z]{2,3}$/,
  "expected a language code such as pt",
);

/** A path in a package; `*` stands for any run of characters of one name, at most once. */
const pattern = z.string().min(1).refine(
  (path) => path.split("*").length <= 2,
  "expected at most one * in a path",
);

const MessageFile = z.strictObject({
  path: pattern,
  /** What the keys of this file start with; `*` is what the path's `*` stood for. */
  prefix: z.string().default(""),
  /** The text is a letter-for-letter pseudo-localisation of the language, as `text/pseudo.ts` undoes it. */
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
    /^\d+\.\d+\.\d+[\w.+-]*$/,
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
  files: z.record(language, z.array(MessageFile).min(1)),
});
export type Package = z.infer<typeof Package>;

/** How the files of a source are written; `text/messages.ts` has a reader for each. */
const Format = z.enum([
  "json",
  "properties",
  "vscode",
  "typescript",
  "assignments",
  "module",
]);
export type Format = z.infer<typeof Format>;

const Source = z.strictObject({
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
export type Source = z.infer<typeof Source>;

export const Descriptor = z.strictObject({
  name: z.string().min(1),
  description: z.string().min(1),
  languages: z.array(language).min(2),
  sources: z.array(Source).min(1),
});
export type Descriptor = z.infer<typeof Descriptor>;
