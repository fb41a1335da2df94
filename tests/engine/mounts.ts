/** Small file systems of their own, for tests of full and read-only disks. */

/** Runs `mount`; throws what it says. */
export function mount(...args: string[]): void {
  const { success, stderr } = new Deno.Command("mount", { args }).outputSync();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

export function unmount(folder: string): void {
  new Deno.Command("umount", { args: [folder] }).outputSync();
}

/** Whether the user may mount; a test that cannot says so. */
export const canMount = Deno.build.os === "linux" && Deno.uid() === 0 &&
  tryMount();

function tryMount(): boolean {
  const folder = Deno.makeTempDirSync();
  try {
    mount("-t", "tmpfs", "tmpfs", folder);
    unmount(folder);
    return true;
  } catch {
    return false;
  } finally {
    Deno.removeSync(folder);
  }
}
