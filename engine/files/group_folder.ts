/** Folders of a group: whatever the umask of a user is, the next one can go on with what is written there and remove it. */
import { existing } from "../../base/disk_space.ts";
import { statIfThere } from "../../base/stat.ts";

/** Writable for the group, and with the bit that hands the group on to what is made inside. */
const OF_GROUP = 0o2020;

/**
 * Lets the group write what this process and its children write from now on, wherever that is, if a folder, or the one that it
 * will be made in, is of a group. For commands that write to an artifact folder and nowhere else.
 */
export function shareWithGroup(folder: string): void {
  if (isOfGroup(folder)) Deno.umask(Deno.umask() & ~0o070);
}

/** What `write` returns, which writes to a folder; if that is of a group, the group can write what is written. */
export function sharedWithGroup<T>(folder: string, write: () => T): T {
  if (!isOfGroup(folder)) return write();
  const mine = Deno.umask();
  try {
    Deno.umask(mine & ~0o070);
    return write();
  } finally {
    Deno.umask(mine);
  }
}

function isOfGroup(folder: string): boolean {
  const mode = statIfThere(existing(folder))?.mode ?? 0;
  return (mode & OF_GROUP) === OF_GROUP;
}
