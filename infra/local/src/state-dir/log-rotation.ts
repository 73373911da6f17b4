import { closeSync, copyFileSync, openSync, readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';

const LARGEST_BYTES = 10 * 1024 * 1024;
const EVERY_MS = 5_000;

/**
 * Keeps every log below about 10 MB with one older file beside it. Processes write straight into their file, so it is
 * copied and cut, not renamed; lines of the instant in between may be lost.
 * @returns ends the rotation
 */
export function rotateLogs(logDir: string, largestBytes = LARGEST_BYTES, everyMs = EVERY_MS): () => void {
  const timer = setInterval(() => {
    for (const name of readdirSync(logDir)) if (name.endsWith('.log')) rotate(join(logDir, name), largestBytes);
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}

function rotate(file: string, largestBytes: number): void {
  try {
    if (statSync(file).size <= largestBytes) return;
    copyFileSync(file, `${file}.1`);
    truncateSync(file);
  } catch {
    // The file is gone, or the disk is full: then it is cut without a copy.
    emptyIfFull(file, largestBytes);
  }
}

function emptyIfFull(file: string, largestBytes: number): void {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > largestBytes * 2) closeSync(openSync(file, 'w'));
}
