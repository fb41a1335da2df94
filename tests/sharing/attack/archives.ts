/** Bundles and archives that somebody crafted, and whether they are accepted. */
import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import { sha256 } from "../../../engine/files/hash.ts";
import { END, headerOf, paddingOf } from "../../../sharing/bundles/bundle.ts";
import { objectPath } from "../../../sharing/remotes/remote.ts";
import { type Member, tgzOf } from "../../nmt/text/fixtures/archives.ts";
import type { Cases } from "./manifests.ts";

/** The members of a good bundle, in their order: path and bytes. */
export type Members = readonly (readonly [string, Uint8Array])[];

/** A bundle of some members, each a header, bytes and padding. */
export function bundleOf(members: Members): Uint8Array {
  return Buffer.concat([...members.flatMap(blocksOf), END]);
}

function blocksOf([path, bytes]: readonly [string, Uint8Array]): Uint8Array[] {
  return [headerOf(path, bytes.length), bytes, paddingOf(bytes.length)];
}

/** A header with other texts at some offsets, and a valid checksum. */
function header(
  path: string,
  bytes: number,
  fields: Readonly<Record<number, string>>,
): Uint8Array {
  const block = Buffer.from(headerOf(path, bytes));
  for (const [at, text] of Object.entries(fields)) {
    block.write(text, Number(at), "latin1");
  }
  block.write("        ", 148);
  const sum = block.reduce((sum, byte) => sum + byte, 0);
  block.write(sum.toString(8).padStart(6, "0") + " \0", 148);
  return block;
}

type Make = (members: Members) => Uint8Array;

/** Makes a bundle in which a header without bytes stands before the member `place`. */
function inserted(block: Uint8Array, place: number): Make {
  return (members) =>
    Buffer.concat([
      ...members.slice(0, place).flatMap(blocksOf),
      block,
      ...members.slice(place).flatMap(blocksOf),
      END,
    ]);
}

const PLACES = {
  "before all": 0,
  "between others": 3,
  "after all": Infinity,
} as const;

/** Types of members that are not plain files, as tar has them. */
const TYPES = {
  "a link": "1",
  "a symbolic link": "2",
  "a device": "3",
  "a folder": "5",
  "a pipe": "6",
  "a header of PAX": "x",
  "a long name of GNU": "L",
} as const;

const EVIL_NAMES = [
  "../../../../../outside",
  "/outside",
  "objects/../../outside",
  "manifest.json",
  "manifest.sig.json",
  objectPath("0".repeat(64)),
  "a\u001b[2J",
];

/** Fields of the header of a member: an offset and what is written there. */
const FIELDS: Readonly<Record<string, readonly [at: number, text: string]>> = {
  "a time": [136, "00000000001\0"],
  "an owner": [108, "0000001\0"],
  "another mode": [100, "0004755\0"],
  "the name of a user": [265, "root\0"],
  "a link": [157, "../outside\0"],
  "a prefix": [345, "../../outside\0"],
  "another format": [257, "ustar  \0"],
  "a negative size": [124, "-0000000001\0"],
  "a size in base 256": [124, "\x80\0\0\0\0\0\0\0\0\0\0\x01"],
  "a size of all there is": [124, "\xff\xff\xff\xff\xff\xff\xff\xff"],
  "a size of 8 GiB": [124, "77777777777\0"],
  "no size": [124, "\0\0\0\0\0\0\0\0\0\0\0\0"],
};

/** How a bundle that has to be refused is made of a good one. */
export const BUNDLES: Readonly<Record<string, Make>> = {
  "nothing": () => new Uint8Array(),
  "an empty tar": () => END,
  "a page of zeros": () => new Uint8Array(1 << 16),
  "a bundle in gzip": (members) => gzipSync(bundleOf(members)),
  "text": () => Buffer.from("<!doctype html>".repeat(100)),
  "two bundles in one file": (members) =>
    Buffer.concat([bundleOf(members), bundleOf(members)]),
  ...Object.fromEntries(
    Object.entries(PLACES).flatMap(([where, place]) => [
      ...Object.entries(TYPES).map(([what, type]) => {
        const fields = { 156: type, 157: "../../../../../outside" };
        const block = header("outside", 0, fields);
        return [`${what} ${where}`, inserted(block, place)];
      }),
      ...EVIL_NAMES.map((name) => [
        `a file called ${JSON.stringify(name)} ${where}`,
        inserted(headerOf(name, 0), place),
      ]),
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(FIELDS).map(([what, [at, text]]) => [
      `a member with ${what}`,
      (members: Members) => {
        const bundle = Buffer.from(bundleOf(members));
        const [path, { length }] = members[3];
        const start = bundleOf(members.slice(0, 3)).length - END.length;
        bundle.set(header(path, length, { [at]: text }), start);
        return bundle;
      },
    ]),
  ),
  ...Object.fromEntries(
    [1, 512, 1024, 2048].map((left) => [
      `a bundle that ends ${left} bytes early`,
      (members: Members) => bundleOf(members).subarray(0, -left),
    ]),
  ),
  ...Object.fromEntries(
    [1, 512, 10_240].map((more) => [
      `a bundle with ${more} bytes behind its end`,
      (members: Members) =>
        Buffer.concat([bundleOf(members), new Uint8Array(more)]),
    ]),
  ),
  ...Object.fromEntries(
    [0, 2, 3].flatMap((at) => [
      [
        `a bundle without its member ${at}`,
        (members: Members) => bundleOf(members.toSpliced(at, 1)),
      ],
      [
        `a bundle with its member ${at} twice`,
        (members: Members) => bundleOf(members.toSpliced(at, 0, members[at])),
      ],
      [
        `a bundle with its members ${at} and ${at + 1} exchanged`,
        (members: Members) =>
          bundleOf(members.toSpliced(at, 2, members[at + 1], members[at])),
      ],
    ]),
  ),
  "something in the padding": (members) => {
    const bundle = Buffer.from(bundleOf(members));
    const [[, first]] = members;
    bundle[512 + first.length] = 1;
    return bundle;
  },
  "other bytes of the same size in an object": (members) => {
    const at = members.findLastIndex(([, bytes]) => bytes.length > 0);
    const [path, bytes] = members[at];
    return bundleOf(members.with(at, [path, bytes.map((byte) => byte ^ 1)]));
  },
  "an object that the manifest does not name": (members) =>
    bundleOf([...members, [objectPath(sha256("x")), Buffer.from("x")]]),
};

/** The members of an archive, which is a tar in gzip, and what is done to its bytes. */
export interface CraftedArchive {
  readonly members: readonly Member[];
  readonly change?: (archive: Bytes) => Bytes;
}

type Bytes = Uint8Array<ArrayBuffer>;

const GOOD: readonly Member[] = [
  { path: "a.pt", text: "um\ndois\n" },
  { path: "b/c.pt", text: "três\n" },
];
const BOMB = { text: "x".repeat(4 << 20) };

const OUT = "leads out of it";
const BROKEN = "it is broken";
const TOO_LARGE = "unpacks to more than";
const NO_FILE = "no file or folder";
const NO_MEMBER = "it has no member";

/** A good archive with one member more. */
const beside = (member: Member): CraftedArchive => ({
  members: [...GOOD, member],
});

/** Archives of data sets, whose member `a.pt` is read. */
export const ARCHIVES: Cases<CraftedArchive> = {
  "nothing wrong": [{ members: GOOD }],
  ...Object.fromEntries(
    [
      "../outside",
      "b/../../outside",
      "/outside",
      "a/..",
      "..\\outside",
      "c:\\outside",
      "\\outside",
      "../\u001b[2Jx",
    ].map((path) => [
      `a member called ${JSON.stringify(path)}`,
      [beside({ path, text: "x" }), OUT],
    ]),
  ),
  "a device": [beside({ path: "c", type: "3" }), NO_FILE],
  "a pipe": [beside({ path: "c", type: "6" }), NO_FILE],
  "a link": [beside({ path: "c", type: "1", link: "a.pt" }), NO_FILE],
  "a symbolic link": [
    beside({ path: "c", type: "2", link: "/etc/passwd" }),
    NO_FILE,
  ],
  "a link in place of the member": [
    { members: [{ path: "a.pt", type: "2", link: "/etc/passwd" }] },
    NO_FILE,
  ],
  "no such member, among names with escape sequences": [
    { members: [{ path: "\u001b[2Jx", text: "x" }] },
    NO_MEMBER,
  ],
  "a folder in place of the member": [
    { members: [{ path: "a.pt/", type: "5" }] },
    NO_MEMBER,
  ],
  "megabytes of one letter": [
    { members: [{ path: "a.pt", ...BOMB }] },
    TOO_LARGE,
  ],
  "megabytes of one letter beside the member": [
    beside({ path: "z", ...BOMB }),
    TOO_LARGE,
  ],
  "a size that nobody has": [
    { members: [{ path: "a.pt", text: "x", size: 8 ** 11 - 1 }] },
    TOO_LARGE,
  ],
  ...Object.fromEntries(
    [1, 8, 50].map((left) => [
      `an archive without its last ${left} bytes`,
      [
        {
          members: GOOD,
          change: (archive: Bytes) => archive.subarray(0, -left),
        },
        BROKEN,
      ],
    ]),
  ),
  "an empty file": [
    { members: [], change: () => new Uint8Array() },
    "Cannot use archive",
  ],
  "an archive with a flipped bit in the middle": [
    {
      members: GOOD,
      change: (archive) =>
        archive.map((byte, i) => i === archive.length >> 1 ? byte ^ 1 : byte),
    },
    BROKEN,
  ],
  "a text": [
    {
      members: [],
      change: () => Uint8Array.from(Buffer.from("no archive".repeat(99))),
    },
    BROKEN,
  ],
};

export async function archiveOf(
  { members, change = (archive) => archive }: CraftedArchive,
): Promise<Bytes> {
  return change(await tgzOf(members));
}

/** A header of 60 bytes: name, time, owner, group, mode, size. */
function ar(name: string, size: string): string {
  return name.padEnd(16) + "0".padEnd(12) + "0".padEnd(6) + "0".padEnd(6) +
    "100644".padEnd(8) + size.padEnd(10) + "`\n";
}

const NO_DEB = "it is no Debian package";

/** Texts of Debian packages. Their data is a tar in xz, which nothing here can write, so that all are refused. */
export const DEBS: Cases<string> = {
  "nothing": ["", NO_DEB],
  "a magic and no more": ["!<arch>\n", NO_DEB],
  "another magic": ["!<thin>\n", NO_DEB],
  "no member of data": [
    "!<arch>\n" + ar("debian-binary", "4") + "2.0\n",
    NO_DEB,
  ],
  "a size beyond the end": [
    "!<arch>\n" + ar("control.tar.xz", "9999999999"),
    NO_DEB,
  ],
  ...Object.fromEntries(
    ["-60", "", "x", "1e3", "0x10", "60.5", "Infinity"].map((size) => [
      `a member before the data of size ${JSON.stringify(size)}`,
      [
        "!<arch>\n" + ar("control.tar.xz", size) + ar("data.tar.xz", "0"),
        NO_DEB,
      ],
    ]),
  ),
  ...Object.fromEntries(
    ["", "x".repeat(100), "\xfd7zXZ\0" + "\0".repeat(100)].map((data) => [
      `data that are ${data.length} bytes`,
      [
        "!<arch>\n" + ar("data.tar.xz", String(data.length)) + data,
        "Cannot use archive",
      ],
    ]),
  ),
};
