/** What the doctor says of locks: on this machine's disk by trying them, on network disks by how they are mounted. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { isTemporary } from "../../../engine/files/atomic.ts";
import {
  checkArtifactFolder,
  FILES,
} from "../../../engine/store/artifact_folder.ts";
import { faultOf, locksFinding, mountOf } from "../../../apps/doctor/locks.ts";

Deno.test("locks of this machine's disk hold, and nothing is left of the trial", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const { usable, detail } = await locksFinding(`${folder}/yet/to/come`);
    assertEquals(usable, true, detail);
    assertMatch(detail, /^hold in /);
    assertEquals([...Deno.readDirSync(folder)], []);
  } finally {
    Deno.removeSync(folder);
  }
});

Deno.test("a folder in which the trial was killed can be used for artifacts", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    // It waits for another process now.
    const trial = locksFinding(folder);
    const [{ name }] = Deno.readDirSync(folder);
    assert(isTemporary(name, FILES), name);
    checkArtifactFolder(folder);
    await trial;
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

/** As the kernel writes them (proc_pid_mountinfo(5), nfs(5)). */
const TABLE = `21 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 21 0:44 / /shared rw,relatime shared:1 - nfs4 disk:/shared rw,vers=4.2,lookupcache=none,local_lock=none
31 21 0:45 / /shared/late rw - nfs4 disk:/late rw,vers=4.2,local_lock=none
32 21 0:46 / /old\\040disk rw - nfs disk:/old rw,vers=3,lookupcache=none,local_lock=all
33 21 0:47 / /parallel rw - lustre mgs:/fs rw,localflock
34 21 0:48 / /parallel/whole rw - lustre mgs:/fs rw,flock
`;

for (
  const [path, fault] of [
    ["/home/me", undefined],
    ["/shared/ckd", undefined],
    ["/shared/late", "without lookupcache=none, machines see"],
    ["/shared/lately", undefined],
    ["/old disk/ckd", "with local_lock=all, locks hold on one machine only"],
    ["/parallel/ckd", "with localflock, locks hold on one machine only"],
    ["/parallel/whole/ckd", undefined],
  ] as const
) {
  Deno.test(`of ${path} the doctor says ${fault ?? "that locks hold"}`, () => {
    const mount = mountOf(TABLE, path);
    const found = mount && faultOf(mount);
    assertEquals(found?.slice(0, fault?.length), fault);
    assertEquals(
      mount?.type,
      {
        "/home/me": "ext4",
        "/shared/ckd": "nfs4",
        "/shared/late": "nfs4",
        "/shared/lately": "nfs4",
        "/old disk/ckd": "nfs",
        "/parallel/ckd": "lustre",
        "/parallel/whole/ckd": "lustre",
      }[path],
    );
  });
}
