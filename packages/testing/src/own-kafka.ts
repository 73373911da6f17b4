import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, guardDir, startKafka, type KafkaServer } from '@stoa/local';

export interface OwnKafka {
  /** `host:port`, the same after each start. */
  readonly brokers: string;
  /** Starts it (again), with the data of before. */
  start(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Lets it stand still, connections open. */
  freeze(): void;
  thaw(): void;
  /** Stops it and removes its data. */
  end(): Promise<void>;
}

/** A Kafka broker of one test's own, for tests that stop or freeze it: the shared one is everybody's. Started already. */
export async function ownKafka(): Promise<OwnKafka> {
  const dir = await mkdtemp(join(tmpdir(), 'stoa-kafka-'));
  await chmod(dir, 0o711);
  guardDir(dir);
  const port = await freePort();
  let server: KafkaServer | undefined;
  const own: OwnKafka = {
    brokers: `127.0.0.1:${port}`,
    start: async () => {
      server = await startKafka({ dataDir: join(dir, 'kafka'), port });
    },
    kill: async () => server?.kill(),
    freeze: () => signal(server, 'SIGSTOP'),
    thaw: () => signal(server, 'SIGCONT'),
    end: async () => {
      await server?.kill();
      await rm(dir, { recursive: true, force: true });
    },
  };
  await own.start();
  return own;
}

function signal(server: KafkaServer | undefined, name: 'SIGSTOP' | 'SIGCONT'): void {
  if (server) process.kill(server.pid, name);
}
