import { table } from '@stoa/cli';
import { cpuBetween, cpuByRole, type Role } from '../processes.js';
import { quantile } from '../quantile.js';

export interface Cost {
  readonly operations: number;
  readonly p50: number;
  readonly p99: number;
  /** CPU milliseconds an operation: of this process, which is the service here, and of Postgres. */
  readonly service: number;
  readonly postgres: number;
}

/**
 * Runs operations with so many in flight, and measures their cost.
 * @param operation gets the number of the operation; an error of it ends the measurement
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
  return {
    operations,
    p50: quantile(ms, 0.5),
    p99: quantile(ms, 0.99),
    service: (user + system) / 1000 / operations,
    postgres: (cpu.get('Postgres') ?? 0) / operations,
  };
}

/** Prints one line per cost, under a heading. */
export function printCosts(title: string, costs: ReadonlyMap<string, Cost>): void {
  const rows = [...costs].map(([name, { operations, p50, p99, service, postgres }]) => [
    name,
    p50.toFixed(2),
    p99.toFixed(2),
    service.toFixed(3),
    postgres.toFixed(3),
    (service + postgres).toFixed(3),
    String(operations),
  ]);
  const head = ['', 'p50 ms', 'p99 ms', 'CPU ms: service', 'Postgres', 'all', 'times'];
  console.log(`\n${title}\n${table([head, ...rows], { right: [1, 2, 3, 4, 5, 6] })}`);
}
