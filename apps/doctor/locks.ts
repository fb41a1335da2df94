/** Checks that kernel locks hold where artifacts lie: between two processes by trying it, between machines by how it is mounted. */
import { join } from "@std/path";
import { existing } from "../../base/disk_space.ts";
import { ifThere } from "../../base/stat.ts";
import { reasonOf, removeIfThere } from "../../engine/files/atomic.ts";
import type { Finding } from "./finding.ts";

/** A mounted file system. */
export interface Mount {
  readonly type: string;
  readonly options: readonly string[];
}

/** Of the nearest folder that exists, as the artifacts' own may be yet to be made. */
export async function locksFinding(artifacts: string): Promise<Finding> {
  const folder = existing(artifacts);
  const table = ifThere(() => Deno.readTextFileSync("/proc/self/mountinfo"));
  const mount = mountOf(table ?? "", Deno.realPathSync(folder));
  const where = `in ${folder}${mount === undefined ? "" : ` (${mount.type})`}`;
  const fault = await triedFault(folder) ?? (mount && faultOf(mount));
  return fault === undefined
    ? { name: "locks", usable: true, detail: `hold ${where}` }
    : {
      name: "locks",
      usable: false,
      detail: `${fault} ${where}; mount it in another way (docs/scale.md), ` +
        "or name a folder of another disk by --artifacts.",
    };
}

/** What is wrong with a lock that this process holds and another one asks for; undefined if nothing is. */
async function triedFault(folder: string): Promise<string | undefined> {
  // Left by a kill, it is a leftover of the engine, which any run accepts and `gc` removes.
  const path = join(folder, `lock.${crypto.randomUUID()}.tmp`);
  try {
    const held = Deno.openSync(path, { write: true, createNew: true });
    try {
      held.lockSync(true);
      if (await isFree(path)) return "two processes get one lock";
    } finally {
      held.close();
    }
    return await isFree(path) ? undefined : "a lock outlives its holder";
  } catch (error) {
    return `no lock can be tried, ${reasonOf(error)},`;
  } finally {
    removeIfThere(path);
  }
}

/** Whether another process gets the lock of a file. */
async function isFree(path: string): Promise<boolean> {
  const code = `const file = Deno.openSync(Deno.args[0], { write: true });
    Deno.exit(file.tryLockSync(true) ? 0 : 10);`;
  const { code: exit } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-config", code, path],
    stdout: "null",
    stderr: "null",
  }).output();
  if (exit !== 0 && exit !== 10) throw new Error("another process gets none");
  return exit === 0;
}

/** The mount that a path lies in, by the table of Linux: `36 35 98:0 /root /point rw - ext4 /dev/sda1 rw,option=value`. */
export function mountOf(table: string, path: string): Mount | undefined {
  const mounts = table.split("\n").flatMap((line) => {
    const [own, device] = line.split(" - ");
    const point = own.split(" ")[4]
      ?.replace(
        /\\(\d{3})/g,
        (_, code) => String.fromCharCode(parseInt(code, 8)),
      );
    if (point === undefined || device === undefined) return [];
    const [type, , options = ""] = device.split(" ");
    return { point, type, options: options.split(",") };
  });
  // Of two at one point the later one covers the other.
  return mounts
    .filter(({ point }) => isAt(path, point))
    .reduce<typeof mounts[number] | undefined>(
      (found, mount) =>
        found === undefined || mount.point.length >= found.point.length
          ? mount
          : found,
      undefined,
    );
}

function isAt(path: string, point: string): boolean {
  return path === point || path.startsWith(point.replace(/\/?$/, "/"));
}

/** Options by which locks hold on each machine for itself, by the type of a network disk. */
const ONE_MACHINE: Readonly<Record<string, readonly string[]>> = {
  nfs: ["nolock", "local_lock=all", "local_lock=flock"],
  nfs4: ["nolock", "local_lock=all", "local_lock=flock"],
  lustre: ["localflock"],
  cifs: ["nobrl"],
  smb3: ["nobrl"],
};

/** Why machines on one disk would not work together; undefined where they do, and for a disk of this machine. */
export function faultOf({ type, options }: Mount): string | undefined {
  const local = ONE_MACHINE[type]?.find((option) => options.includes(option));
  if (local !== undefined) {
    return `with ${local}, locks hold on one machine only`;
  }
  if (type === "fuse.sshfs") return "locks hold on one machine only";
  return /^nfs4?$/.test(type) && !options.includes("lookupcache=none")
    ? "without lookupcache=none, machines see each other's files late"
    : undefined;
}
