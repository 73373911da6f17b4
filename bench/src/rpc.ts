import { fork, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startKafka } from '@stoa/local';
import { report } from './load.js';
import { cpuBetween, cpuByRole, type Role } from './processes.js';

interface ClientFigures {
  readonly requests: number;
  readonly errors: number;
  readonly complaints: readonly string[];
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
}

/** The next message of a child. @throws when it ends instead */
const message = <T>(child: ChildProcess): Promise<T> =>
  new Promise((resolve, reject) => {
    const fail = (code: number | null): void => reject(new Error(`a process of the benchmark ended with ${code}`));
    child.once('exit', fail);
    child.once('message', (received) => {
      child.off('exit', fail);
      resolve(received as T);
    });
  });

/** Request/reply over Kafka between two processes and one broker: `connections` requests in flight. */
export async function benchRpc({ connections, requests }: { connections: number; requests: number }): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'stoa-bench-'));
  const kafka = await startKafka({ dataDir: join(dir, 'kafka') });
  const children: ChildProcess[] = [];
  const start = async (file: string, ...args: string[]): Promise<ChildProcess> => {
    const child = fork(join(import.meta.dirname, file), args, {
      env: { ...process.env, KAFKA_BROKERS: kafka.brokers },
    });
    children.push(child);
    await message(child);
    return child;
  };
  try {
    const service = await start('rpc-service.js');
    const client = await start('rpc-client.js', String(connections), String(requests));
    const roles: Role[] = [
      { name: 'client', pids: [client.pid ?? 0] },
      { name: 'service', pids: [service.pid ?? 0] },
      { name: 'Kafka', pids: [kafka.pid] },
    ];
    client.send('warm');
    await message(client);
    const before = cpuByRole(roles);
    client.send('measure');
    const figures = await message<ClientFigures>(client);
    const cpu = cpuBetween(before, cpuByRole(roles));
    report(`Request/reply over Kafka, ${connections} in flight`, {
      ...figures,
      perSecond: figures.requests / figures.seconds,
      p50: Number(figures.p50.toFixed(1)),
      p99: Number(figures.p99.toFixed(1)),
      cpu: new Map([...cpu].map(([role, ms]) => [role, ms / figures.requests])),
    });
    if (figures.errors > 0) process.exitCode = 1;
    client.send('stop');
  } finally {
    await Promise.all(children.map((child) => ended(child)));
    await kafka.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

/** Ends a child in order; kills it after 10 s. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await exit;
  clearTimeout(timer);
}
