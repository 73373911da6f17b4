import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Takes the right to run a stack in this state folder, until the process ends. Returns false if another process has it.
 * The lock is SQLite's lock on a file: the kernel drops it with the process, however that ended, so it is never stale.
 */
export async function takeLock(stateDir: string): Promise<boolean> {
  mkdirSync(join(stateDir, 'run'), { recursive: true });
  const { DatabaseSync } = await import('node:sqlite');
  const database = new DatabaseSync(join(stateDir, 'run/lock.db'));
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE IF NOT EXISTS lock (x); COMMIT');
  } catch (error) {
    database.close();
    if (error instanceof Error && /locked|busy/i.test(error.message)) return false;
    throw error;
  }
  held.push(database);
  return true;
}

// Garbage collection would close the file, and the lock with it.
const held: unknown[] = [];
