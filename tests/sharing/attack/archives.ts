/** Bundles and archives that somebody crafted: what is in them, and whether they are taken. */
import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import { sha256 } from "../../../engine/files/hash.ts";
import { END, headerOf, paddingOf } from "../../../sharing/bundles/bundle.ts";
import { objectPath } from "../../../sharing/remotes/remote.ts";
import { type Member, tgzOf } from "../../nmt/text/fixtures/archives.ts";
import type { Expectation } from "./manifests.ts";

/** The members of a good bundle, in their order: path and bytes. */
export type Members = readonly (readonly [string, Uint8Array])[];

export interface BundleCase {
  readonly name: string;
  /** The bytes of a crafted bundle out of a good one. */
  make(members: Members): Uint8Array;
  readonly expect: Expectation;
}

/** A bundle of some members, each a header, bytes and what fills the last block. */
export function bundleOf(members: Members): Uint8Array {
  return Buffer.concat([...members.flatMap(blocksOf), END]);
}

function blocksOf([path, bytes]: readonly [string, Uint8Array]): Uint8Array[] {
  return [headerOf(path, bytes.length), bytes, paddingOf(bytes.length)];
}

/** A header whose fields are anybody's, with a sum that is right. */
function header(
  path: string,
  fields: Readonly<Record<number, string>>,
): Uint8Array {
  const block = Buffer.from(headerOf(path, 0));
  for (const [at, text] of Object.entries(fields)) {
    block.write(text, Number(at), "latin1");
  }
  block.write("        ", 148);
  const sum = block.reduce((sum, byte) => sum + byte, 0);
  block.write(sum.toString(8).padStart(6, "0") + "\0 ", 148);
  return block;
}

const REFUSED = { refused: "Cannot import" };

/** Types of members that are no plain file, as tar has them. */
const TYPES: Readonly<Record<string, string>> = {
  "1": "a link",
  "2": "a symbolic link",
  "3": "a character device",
  "4": "a block device",
  "5": "a folder",
  "6": "a pipe",
  "7": "a contiguous file",
  x: "a header of PAX",
  g: "a global header of PAX",
  L: "a long name of GNU",
  K: "a long link of GNU",
  S: "a sparse file",
  D: "a dump of a folder",
  M: "a part of several volumes",
  V: "a label",
};

const PLACES = {
  "before all": 0,
  "between others": 3,
  "after all": Infinity,
} as const;

function inserted(
  what: string,
  blocks: readonly Uint8Array[],
): BundleCase[] {
  return Object.entries(PLACES).map(([where, place]) => ({
    name: `${what} ${where}`,
    make: (members) =>
      Buffer.concat([
        ...members.slice(0, place).flatMap(blocksOf),
        ...blocks,
        ...members.slice(place).flatMap(blocksOf),
        END,
      ]),
    expect: REFUSED,
  }));
}

const EVIL_NAMES = [
  "outside",
  "../../../../../outside",
  "/outside",
  "objects/../../outside",
  "objects/00/" + "0".repeat(63),
  "manifest.json",
  "manifest.sig.json",
  objectPath("0".repeat(64)),
  "a\u001b[2J",
  "x".repeat(95),
] as const;

/** Changes the header of a member in one field. */
function field(
  what: string,
  at: number,
  text: string,
): BundleCase {
  return {
    name: `a member with ${what}`,
    make: (members) => {
      const bundle = Buffer.from(bundleOf(members));
      const start = bundleOf(members.slice(0, 3)).length - END.length;
      const own = bundle.subarray(start, start + 512);
      own.write(text, at, "latin1");
      own.write("        ", 148);
      const sum = own.reduce((sum, byte) => sum + byte, 0);
      own.write(sum.toString(8).padStart(6, "0") + "\0 ", 148);
      return bundle;
    },
    expect: REFUSED,
  };
}

export const BUNDLES: readonly BundleCase[] = [
  { name: "nothing wrong", make: bundleOf, expect: "taken" },
  { name: "nothing", make: () => new Uint8Array(), expect: REFUSED },
  { name: "an empty tar", make: () => END, expect: REFUSED },
  {
    name: "a page of zeros",
    make: () => new Uint8Array(1 << 16),
    expect: REFUSED,
  },
  {
    name: "a bundle in gzip",
    make: (members) => gzipSync(bundleOf(members)),
    expect: REFUSED,
  },
  {
    name: "text in place of a bundle",
    make: () => Buffer.from("<!doctype html>".repeat(100)),
    expect: REFUSED,
  },
  ...Object.entries(TYPES).flatMap(([type, what]) =>
    inserted(what, [
      header("outside", { 156: type, 157: "../../../../../outside" }),
    ])
  ),
  ...EVIL_NAMES.flatMap((name) =>
    inserted(`a file called ${JSON.stringify(name)}`, [
      header(name, {}),
    ])
  ),
  field("a time", 136, "00000000001\0"),
  field("an owner", 108, "0000001\0"),
  field("a group", 116, "0000001\0"),
  field("another mode", 100, "0004755\0"),
  field("the name of a user", 265, "root\0"),
  field("a link", 157, "../outside\0"),
  field("a prefix", 345, "../../outside\0"),
  field("another format", 257, "ustar  \0"),
  field("a negative size", 124, "-0000000001\0"),
  field("a size in base 256", 124, "\x80\0\0\0\0\0\0\0\0\0\0\x01"),
  field("a size of all there is", 124, "\xff\xff\xff\xff\xff\xff\xff\xff"),
  field("a size of 8 GiB", 124, "77777777777\0"),
  field("no size", 124, "\0\0\0\0\0\0\0\0\0\0\0\0"),
  ...[1, 511, 512, 513, 1024, 1536, 2048].map((left): BundleCase => ({
    name: `a bundle that ends ${left} bytes early`,
    make: (members) => {
      const bundle = bundleOf(members);
      return bundle.subarray(0, bundle.length - left);
    },
    expect: REFUSED,
  })),
  ...[1, 512, 1024, 10_240].map((more): BundleCase => ({
    name: `a bundle with ${more} bytes behind its end`,
    make: (members) => Buffer.concat([bundleOf(members), new Uint8Array(more)]),
    expect: REFUSED,
  })),
  {
    name: "two bundles in one file",
    make: (members) => Buffer.concat([bundleOf(members), bundleOf(members)]),
    expect: REFUSED,
  },
  ...[0, 2, 3].map((at): BundleCase => ({
    name: `a bundle without its member ${at}`,
    make: (members) => bundleOf(members.toSpliced(at, 1)),
    expect: REFUSED,
  })),
  ...[0, 1, 2, 3].map((at): BundleCase => ({
    name: `a bundle with its member ${at} twice`,
    make: (members) => bundleOf(members.toSpliced(at, 0, members[at])),
    expect: REFUSED,
  })),
  ...[0, 1, 2, 3].map((at): BundleCase => ({
    name: `a bundle with its members ${at} and ${at + 1} exchanged`,
    make: (members) =>
      bundleOf(members.toSpliced(at, 2, members[at + 1], members[at])),
    expect: REFUSED,
  })),
  {
    name: "something in what fills a block",
    make: (members) => {
      const bundle = Buffer.from(bundleOf(members));
      const [[, first]] = members;
      bundle[512 + first.length] = 1;
      return bundle;
    },
    expect: REFUSED,
  },
  {
    name: "other bytes of the same size in an object",
    make: (members) => {
      const at = members.findLastIndex(([, bytes]) => bytes.length > 0);
      const [path, bytes] = members[at];
      return bundleOf(members.with(at, [path, bytes.map((byte) => byte ^ 1)]));
    },
    expect: REFUSED,
  },
  {
    name: "an object under the hash of what it was made of",
    make: (members) =>
      bundleOf([...members, [objectPath(sha256("x")), Buffer.from("x")]]),
    expect: REFUSED,
  },
];

export interface ArchiveCase {
  readonly name: string;
  readonly members: readonly Member[];
  /** Changes the archive, which is a tar in gzip. */
  readonly bend?: (archive: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
  /** Of reading its member `a.pt`. */
  readonly expect: Expectation;
}

const GOOD: readonly Member[] = [
  { path: "a.pt", text: "um\ndois\n" },
  { path: "b/c.pt", text: "três\n" },
];

const OUT = { refused: "leads out of it" };
const BROKEN = { refused: "it is broken" };
const BOMB = { refused: "unpacks to more than" };

const cut = (left: number) => (archive: Uint8Array<ArrayBuffer>) =>
  archive.subarray(0, Math.max(0, archive.length - left));

/** Archives of data sets, read member by member, whose bytes nobody need have pinned. */
export const ARCHIVES: readonly ArchiveCase[] = [
  { name: "nothing wrong", members: GOOD, expect: "taken" },
  ...[
    "../outside",
    "../../../../../outside",
    "b/../../outside",
    "/outside",
    "/etc/passwd",
    "..",
    "a/..",
    "..\\outside",
    "C:/outside",
    "c:\\outside",
    "\\outside",
    "b\\..\\..\\outside",
  ].map((path): ArchiveCase => ({
    name: `a member called ${JSON.stringify(path)}`,
    members: [...GOOD, { path, text: "x" }],
    expect: OUT,
  })),
  ...(["3", "4", "6"] as const).map((type): ArchiveCase => ({
    name: TYPES[type],
    members: [...GOOD, { path: "c", type }],
    expect: { refused: "no file or folder" },
  })),
  ...(["1", "2"] as const).flatMap((type) =>
    ["a.pt", "../outside", "/etc/passwd"].map((link): ArchiveCase => ({
      name: `${TYPES[type]} to ${link}`,
      members: [...GOOD, { path: "c", type, link }],
      expect: { refused: "no file or folder" },
    }))
  ),
  {
    name: "a link in place of the member",
    members: [{ path: "a.pt", type: "2", link: "/etc/passwd" }],
    expect: { refused: "no file or folder" },
  },
  {
    name: "a name with an escape sequence that leads out",
    members: [...GOOD, { path: "../\u001b[2Jx", text: "x" }],
    expect: OUT,
  },
  {
    name: "no such member, among names with escape sequences",
    members: [{ path: "\u001b[2Jx", text: "x" }],
    expect: { refused: "it has no member" },
  },
  {
    name: "a folder in place of the member",
    members: [{ path: "a.pt/", type: "5" }],
    expect: { refused: "it has no member" },
  },
  {
    name: "megabytes of one letter",
    members: [{ path: "a.pt", text: "x".repeat(4 << 20) }],
    expect: BOMB,
  },
  {
    name: "megabytes of one letter beside the member",
    members: [...GOOD, { path: "z", text: "x".repeat(4 << 20) }],
    expect: BOMB,
  },
  {
    name: "a size that nobody has",
    members: [{ path: "a.pt", text: "x", size: 8 ** 11 - 1 }],
    expect: BOMB,
  },
  ...[1, 8, 20, 50].map((left): ArchiveCase => ({
    name: `an archive without its last ${left} bytes`,
    members: GOOD,
    bend: cut(left),
    expect: BROKEN,
  })),
  {
    name: "an empty file",
    members: [],
    bend: () => new Uint8Array(),
    expect: { refused: "Cannot use archive" },
  },
  {
    name: "an archive with a flipped bit in the middle",
    members: GOOD,
    bend: (archive) =>
      archive.map((byte, i) => i === archive.length >> 1 ? byte ^ 1 : byte),
    expect: BROKEN,
  },
  {
    name: "a text",
    members: [],
    bend: () => Uint8Array.from(Buffer.from("no archive".repeat(99))),
    expect: BROKEN,
  },
];

export async function archiveOf(
  { members, bend = (archive) => archive }: ArchiveCase,
): Promise<Uint8Array<ArrayBuffer>> {
  return bend(await tgzOf(members));
}

export interface DebCase {
  readonly name: string;
  /** Headers of an `ar` archive and what follows each, as text. */
  readonly text: string;
  readonly expect: Expectation;
}

/** A header of 60 bytes: name, time, owner, group, mode, size. */
function ar(name: string, size: string): string {
  return name.padEnd(16) + "0".padEnd(12) + "0".padEnd(6) + "0".padEnd(6) +
    "100644".padEnd(8) + size.padEnd(10) + "`\n";
}

const NO_DEB = { refused: "it is no Debian package" };

/** Debian packages; what is in them is a tar in xz, which nobody can write here, so that all are refused. */
export const DEBS: readonly DebCase[] = [
  { name: "nothing", text: "", expect: NO_DEB },
  { name: "a magic and no more", text: "!<arch>\n", expect: NO_DEB },
  { name: "another magic", text: "!<thin>\n", expect: NO_DEB },
  {
    name: "no member of data",
    text: "!<arch>\n" + ar("debian-binary", "4") + "2.0\n",
    expect: NO_DEB,
  },
  ...["-60", "-1", "", "x", "1e3", "0x10", "+60", "60.5", "NaN", "Infinity"]
    .map((size): DebCase => ({
      name: `a member before the data of size ${JSON.stringify(size)}`,
      text: "!<arch>\n" + ar("control.tar.xz", size) +
        ar("data.tar.xz", "0"),
      expect: NO_DEB,
    })),
  {
    name: "a size beyond the end",
    text: "!<arch>\n" + ar("control.tar.xz", "9999999999"),
    expect: NO_DEB,
  },
  ...["", "x".repeat(100), "\xfd7zXZ\0", "\xfd7zXZ\0" + "\0".repeat(100)]
    .map((data): DebCase => ({
      name: `data that are ${data.length} bytes of ${
        JSON.stringify(data.slice(0, 6))
      }`,
      text: "!<arch>\n" + ar("data.tar.xz", String(data.length)) + data,
      expect: { refused: "Cannot use archive" },
    })),
];
