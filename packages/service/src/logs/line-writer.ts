import { writeSync } from 'node:fs';
import type { DestinationStream } from 'pino';

/** Tries of a line, because the reader of a pipe may be slow for a moment. */
const TRIES = 20;
const PAUSE_MS = 5;
const sleeper = new Int32Array(new SharedArrayBuffer(4));

/**
 * Writes lines to a file descriptor, each before `write` returns. A line that can't be written is left out. On a full
 * disk pino's own destination throws where nobody catches it, and then tries forever when the process wants to exit, so
 * that a clone that can't log would neither serve nor end.
 */
export function lineWriter(fd: number): DestinationStream {
  return {
    write: (line) => {
      const bytes = Buffer.from(line);
      for (let [at, tries] = [0, 0]; at < bytes.length;) {
        try {
          at += writeSync(fd, bytes, at);
        } catch (error) {
          tries += 1;
          if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || tries > TRIES) return;
          Atomics.wait(sleeper, 0, 0, PAUSE_MS);
        }
      }
    },
  };
}
