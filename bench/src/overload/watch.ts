import { readFileSync } from 'node:fs';
import type { Process } from '../stack.js';

const EVERY_MS = 500;
const SERVICES = /^(gateway|cart|catalog)-\d+$/;
const WATCHED = /^(gateway-\d+|cart-\d+|catalog-\d+|kafka|haproxy)$/;

/** Resident memory in MB; 0 when the process is gone. */
function residentMb(pid: number): number {
  try {
    const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return Math.round(Number(line?.[1] ?? 0) / 1024);
  } catch {
    return 0;
  }
}

/** Watches processes during an overload: how their memory grows, and whether a clone was taken for dead. */
export class Watch {
  private readonly peaks = new Map<string, number>();
  private readonly before = new Map<string, number>();
  private takenBefore = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly processes: readonly Process[]) {}

  async begin(): Promise<void> {
    this.takenBefore = await this.partitionsTaken();
    for (const [name, mb] of this.sizes()) this.before.set(name, mb);
    this.timer = setInterval(() => {
      for (const [name, mb] of this.sizes()) this.peaks.set(name, Math.max(mb, this.peaks.get(name) ?? 0));
    }, EVERY_MS);
  }

  async end(): Promise<void> {
    clearInterval(this.timer);
    console.log('\nMemory, MB resident: before, most, after');
    for (const [name, mb] of this.sizes())
      console.log(`  ${name.padEnd(12)} ${[this.before.get(name), this.peaks.get(name), mb].join(', ')}`);
    const taken = (await this.partitionsTaken()) - this.takenBefore;
    console.log(`Kafka partitions that were taken from clones that live: ${taken}`);
  }

  private sizes(): [string, number][] {
    return this.processes.filter(({ name }) => WATCHED.test(name)).map(({ name, pid }) => [name, residentMb(pid)]);
  }

  private async partitionsTaken(): Promise<number> {
    let sum = 0;
    for (const { name, adminPort } of this.processes) {
      if (!SERVICES.test(name) || adminPort === null) continue;
      const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
      sum += Number(/^stoa_partitions_taken_total (\d+)$/m.exec(text)?.[1] ?? 0);
    }
    return sum;
  }
}
