import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';

/** The tests' files take less than 3 GB at any time; the servers and the tests themselves want some too. */
const RAM_FOLDER_NEEDS = 8 * 2 ** 30;

/**
 * A folder in memory for what the tests' servers write, if there is room. They make and delete thousands of small
 * files, and for each new one ext4 looks past every inode that was deleted in the last minutes (`recently_deleted` in
 * fs/ext4/ialloc.c).
 */
export function ramFolder(): string | undefined {
  if (process.platform !== 'linux' || process.env.TMPDIR) return undefined;
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    if (Math.min(bavail * bsize, process.availableMemory()) < RAM_FOLDER_NEEDS) return undefined;
    const dir = mkdtempSync('/dev/shm/stoa-tests-');
    chmodSync(dir, 0o711); // under root, Postgres runs as another user and must get through
    return dir;
  } catch {
    return undefined;
  }
}

/** Servers of a run that was broken off end some seconds after it, and may write until then. */
const REMOVE_AGAIN = 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 1; rm -rf "$0"; done';

/** Removes a folder with all that is in it; of a run that was interrupted, again for a while in the background. */
export function removeFolder(dir: string, wasInterrupted: boolean): void {
  if (wasInterrupted)
    spawn('/bin/sh', ['-c', REMOVE_AGAIN, dir], { stdio: 'ignore', detached: true, cwd: '/' }).unref();
  else rmSync(dir, { recursive: true, force: true });
}
