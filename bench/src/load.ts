import autocannon from 'autocannon';
import { cpuBetween, cpuByRole, type Role } from './processes.js';

/** One request of a connection's endless script. */
export interface Step {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** The fault of a response, in words; undefined when it is right. */
  readonly check: (status: number, body: string, headers: Headers) => string | undefined;
}

/** The headers of a response; names as they came. */
export type Headers = Readonly<Record<string, string | string[] | undefined>>;

export interface Load {
  readonly url: string;
  readonly connections: number;
  /** So many, or for so many seconds. */
  readonly amount: { readonly requests: number } | { readonly seconds: number };
  /** The next request of a connection; called once per request. */
  readonly next: (connection: number) => Step;
}

export interface Figures {
  readonly requests: number;
  readonly errors: number;
  /** The first wrong responses, in words. */
  readonly complaints: readonly string[];
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly max?: number;
  /** CPU milliseconds a request, by role. */
  readonly cpu: ReadonlyMap<string, number>;
}

/** Sends requests over keep-alive connections, checks each response, and measures each role's CPU. */
export async function measure(load: Load, roles: readonly Role[]): Promise<Figures> {
  const complaints: string[] = [];
  let wrong = 0;
  let connections = 0;
  const complain = (message: string): void => {
    wrong += 1;
    if (complaints.length < 5) complaints.push(message);
  };
  const before = cpuByRole(roles);
  const result = await autocannon({
    url: load.url,
    connections: load.connections,
    ...('requests' in load.amount ? { amount: load.amount.requests } : { duration: load.amount.seconds }),
    timeout: 30,
    setupClient: (client) => scriptOf(client as unknown as Client, load.next, connections++, complain),
  });
  const cpu = cpuBetween(before, cpuByRole(roles));
  const responded = result['2xx'] + result.non2xx;
  return {
    requests: responded,
    errors: wrong + result.errors,
    complaints,
    perSecond: responded / result.duration,
    p50: result.latency.p50,
    p99: result.latency.p99,
    max: result.latency.max,
    cpu: new Map([...cpu].map(([role, ms]) => [role, ms / responded])),
  };
}

/** The part of autocannon's client that its types leave out. */
interface Client {
  setRequests(requests: readonly object[]): void;
}

/** Makes one connection follow its script: each response is checked, then the next request is made. */
function scriptOf(client: Client, next: Load['next'], connection: number, complain: (message: string) => void): void {
  let step: Step;
  client.setRequests([
    {
      setupRequest: (request: object) => {
        step = next(connection);
        return { ...request, ...requestOf(step) };
      },
      onResponse: (status: number, body: string, _context: object, headers: Headers) => {
        const problem = step.check(status, body, headers);
        if (problem) complain(`${step.method} ${step.path}: ${problem}`);
      },
    },
  ]);
}

const requestOf = (step: Step): object => ({
  method: step.method,
  path: step.path,
  headers: { ...step.headers, ...(step.body ? { 'content-type': 'application/json' } : {}) },
  body: step.body,
});

/** A row per role, and the whole. */
export function report(title: string, figures: Figures): void {
  const total = [...figures.cpu.values()].reduce((sum, ms) => sum + ms, 0);
  console.log(`\n${title}`);
  console.log(
    `  ${figures.requests} requests, ${Math.round(figures.perSecond)} a second, p50 ${figures.p50} ms, p99 ${figures.p99} ms, errors ${figures.errors}`,
  );
  for (const complaint of figures.complaints) console.log(`  wrong: ${complaint}`);
  console.log('  CPU, milliseconds a request:');
  for (const [role, ms] of figures.cpu) console.log(`    ${role.padEnd(12)} ${ms.toFixed(3)}`);
  console.log(`    ${'all'.padEnd(12)} ${total.toFixed(3)}`);
}
