import { createHash } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, readlinkSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CliError } from '@stoa/cli';

/** The user that a server runs as which refuses to run as root. */
export interface User {
  uid: number;
  gid: number;
}

// Where root keeps what `nobody` must reach when the checkout is below a closed directory such as /root.
const OPEN_ROOT = '/var/lib/stoa';

/** `nobody` if we are root, else undefined: then the server runs as we do. */
export function unprivilegedUser(): User | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const fields = readFileSync('/etc/passwd', 'utf8').match(/^nobody:[^:]*:(-?\d+):(-?\d+):/m);
  if (!fields) {
    throw new CliError(
      'Postgres refuses to run as root and this machine has no user "nobody": run as an ordinary user',
    );
  }
  return { uid: Number(fields[1]) >>> 0, gid: Number(fields[2]) >>> 0 }; // macOS writes -2 for 4294967294
}

/** True if the user may pass through every folder down to `dir` (which, like its last parents, need not exist yet). */
function isReachable(dir: string, user: User): boolean {
  for (let at = dir; ; at = dirname(at)) {
    if (existsSync(at)) {
      const { uid, gid, mode } = statSync(at);
      const shift = uid === user.uid ? 6 : gid === user.gid ? 3 : 0;
      if (((mode >> shift) & 1) === 0) return false;
    } else if ((process.umask() & 1) !== 0) return false;
    if (at === dirname(at)) return true;
  }
}

/** `dir` itself if the user can get there, else the folder under /var/lib/stoa that replaces it. */
export function reachableRoot(dir: string, user: User | undefined): string {
  if (!user || isReachable(dir, user)) return dir;
  return join(OPEN_ROOT, createHash('sha256').update(dir).digest('hex').slice(0, 12));
}

/**
 * Makes the parent folder of `dir` so that the user can work in it, and returns where `dir` really is.
 * Below a closed directory, `dir` becomes a link to a folder that the user can reach.
 */
export function placeFor(dir: string, user: User | undefined): string {
  mkdirSync(dirname(dir), { recursive: true });
  const place = reachableRoot(dir, user);
  if (place === dir) return dir;
  mkdirSync(OPEN_ROOT, { recursive: true, mode: 0o755 });
  if (!existsSync(dir) && !isLinkTo(dir, place)) symlinkSync(place, dir);
  return place;
}

function isLinkTo(path: string, target: string): boolean {
  try {
    return readlinkSync(path) === target;
  } catch {
    return false;
  }
}

/** Makes `dir` if it is not there, owned by the user and closed to others. */
export function ownedDir(dir: string, user: User | undefined): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  if (user) chownSync(dir, user.uid, user.gid);
}
