import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';

interface Capped {
  readonly pid: number;
  readonly share: number;
  /** Nanoseconds of CPU that it had had at the last reading. */
  used: number;
  /** Nanoseconds of CPU that it may have before it is stopped. */
  credit: number;
  isStopped: boolean;
}

const EVERY_MS = 4;
/** An unused share is kept for this long: a server that waited may do a short piece of work at full speed. */
const BURST_MS = 40;
const NS_PER_MS = 1_000_000;

/** CPU of the main thread, where JavaScript runs; undefined when the process is gone. */
function usedNs(pid: number): number | undefined {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]);
  } catch {
    return undefined;
  }
}

function signal(capped: Capped, isStopped: boolean): void {
  if (capped.isStopped === isStopped) return;
  capped.isStopped = isStopped;
  try {
    process.kill(capped.pid, isStopped ? 'SIGSTOP' : 'SIGCONT');
  } catch {
    // It is gone.
  }
}

const all = (workerData as [number, number][]).map(([pid, share]): Capped => ({
  pid,
  share,
  used: usedNs(pid) ?? 0,
  credit: 0,
  isStopped: false,
}));
let readAt = performance.now();

const timer = setInterval(() => {
  const now = performance.now();
  const passed = now - readAt;
  readAt = now;
  for (const capped of all) {
    const used = usedNs(capped.pid) ?? capped.used;
    const most = BURST_MS * capped.share * NS_PER_MS;
    capped.credit = Math.min(most, capped.credit + passed * capped.share * NS_PER_MS - (used - capped.used));
    capped.used = used;
    signal(capped, capped.credit < 0);
  }
}, EVERY_MS);

parentPort?.once('message', () => {
  clearInterval(timer);
  for (const capped of all) signal(capped, false);
});
