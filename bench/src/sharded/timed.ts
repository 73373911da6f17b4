import { cpuBetween, cpuByRole, type Role } from '../processes.js';

export interface Cost {
  readonly operations: number;
  readonly p50: number;
  readonly p99: number;
  /** CPU milliseconds an operation: of this process, which is the service here, and of Postgres. */
  readonly service: number;
  readonly postgres: number;
}

/**
 * Runs operations with so many in flight, and measures what they cost.
 * @param operation gets the number of the operation. @throws what it throws: a wrong answer ends the measurement.
 */
export async function timed(
  postgres: Role,
  { operations, inFlight = 1 }: { readonly operations: number; readonly inFlight?: number },
  operation: (n: number) => Promise<unknown>,
): Promise<Cost> {
  const ms: number[] = [];
  let begun = 0;
  const worker = async (): Promise<void> => {
    while (begun < operations) {
      const n = begun++;
      const started = performance.now();
      await operation(n);
      ms.push(performance.now() - started);
    }
  };
  const [own, servers] = [process.cpuUsage(), cpuByRole([postgres])];
  await Promise.all(Array.from({ length: inFlight }, worker));
  const { user, system } = process.cpuUsage(own);
  const cpu = cpuBetween(servers, cpuByRole([postgres]));
  const sorted = Float64Array.from(ms).toSorted();
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return {
    ...{ operations, p50: at(0.5), p99: at(0.99) },
    service: (user + system) / 1000 / operations,
    postgres: (cpu.get('Postgres') ?? 0) / operations,
  };
}

/** One line per cost, under a heading. */
export function table(title: string, costs: ReadonlyMap<string, Cost>): void {
  const width = Math.max(...[...costs.keys()].map((name) => name.length));
  console.log(`\n${title}`);
  console.log(
    `  ${''.padEnd(width)}  ${['p50 ms', 'p99 ms', 'CPU ms: service', 'Postgres', 'all', 'times'].join('  ')}`,
  );
  for (const [name, { operations, p50, p99, service, postgres }] of costs) {
    const figures = [
      p50.toFixed(2).padStart(6),
      p99.toFixed(2).padStart(6),
      service.toFixed(3).padStart(15),
      postgres.toFixed(3).padStart(8),
      (service + postgres).toFixed(3).padStart(7),
      String(operations).padStart(6),
    ];
    console.log(`  ${name.padEnd(width)}  ${figures.join('  ')}`);
  }
}
