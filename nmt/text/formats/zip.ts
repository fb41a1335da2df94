/** Reads members of zip files, which are untrusted. */
import yauzl from "yauzl";
import { isInputError } from "../../../base/input_error.ts";
import {
  EXPANSION,
  reasonOf,
  TOO_LARGE,
  unusable,
} from "../fetch/untrusted.ts";

/** What to do about a zip, which may be the user's own or that of a data set. */
const REMEDY = "make or get it again, or unpack it and give the files in it";

/** The names of a zip's files, in its order, without those that systems hide; `name` is how the user knows the zip. */
export async function zipMembers(
  path: string,
  name: string,
): Promise<string[]> {
  const entries = await Array.fromAsync(
    withEntries(path, name, (zip) => entriesOf(zip, name)),
  );
  return entries.map(({ fileName }) => fileName)
    .filter((name) => !name.endsWith("/") && !HIDDEN.test(name));
}

/** What macOS adds to a zip, and files with a dot before their names. */
const HIDDEN = /^__MACOSX\/|(^|\/)\./;

/** The bytes of a zip's member; `name` is that of the zip. */
export function readMember(
  path: string,
  name: string,
  member: string,
): AsyncGenerator<Uint8Array> {
  const most = EXPANSION * Deno.statSync(path).size;
  return withEntries(path, name, async function* (zip) {
    for await (const entry of entriesOf(zip, name)) {
      if (entry.fileName !== member) continue;
      if (entry.uncompressedSize > most) {
        throw unusable(name, TOO_LARGE, REMEDY);
      }
      yield* await zip.openReadStreamPromise(entry) as AsyncIterable<
        Uint8Array
      >;
      return;
    }
    throw unusable(name, `it has no member "${member}"`);
  });
}

/** The kind of a file in its mode on Unix, which a zip may have, and that of a link. */
const KIND = 0o170000, LINK = 0o120000;

/** The entries of a zip; a link, whose content is where it leads, is refused unless it is hidden. */
async function* entriesOf(zip: Zip, name: string) {
  for await (const entry of zip.eachEntry()) {
    const mode = entry.externalFileAttributes >>> 16;
    if ((mode & KIND) === LINK && !HIDDEN.test(entry.fileName)) {
      throw unusable(
        name,
        `its member "${entry.fileName}" is a link, no file or folder`,
        REMEDY,
      );
    }
    yield entry;
  }
}

type Zip = Awaited<ReturnType<typeof yauzl.openPromise>>;

/** What is read of a zip, which is closed afterwards. */
async function* withEntries<Item>(
  path: string,
  name: string,
  read: (zip: Zip) => AsyncGenerator<Item>,
): AsyncGenerator<Item> {
  let zip: Zip | undefined;
  try {
    zip = await yauzl.openPromise(path, {
      autoClose: false,
      lazyEntries: true,
    });
    yield* read(zip);
  } catch (error) {
    throw isInputError(error)
      ? error
      : unusable(name, `it is broken (${reasonOf(error)})`, REMEDY);
  } finally {
    zip?.close();
  }
}
