import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { OperationError } from '@stoa/contract-kit';
import { eventually, freeze, testKafkaBrokers, thinkTime, withinDeadline } from '@stoa/testing';
import { addRequest, bodyOf, Kit } from './kit.suite.js';
import type { StoaClient } from '../../src/client/stoa-client.js';

const CLONE = join(import.meta.dirname, '../echo-clone.mjs');
const NODE = join(import.meta.dirname, '../../../../node_modules/.bin/node');

interface Reply {
  readonly name: string;
  readonly by: string;
  readonly at: number;
}

/** Keeps commands of several keys coming, each key's one after the other. What failed is kept apart. */
class Load {
  readonly replies: Reply[] = [];
  readonly failures: OperationError[] = [];
  private isOver = false;
  private readonly running: Promise<void>[];

  constructor(client: StoaClient, keys: number, budgetMs: number) {
    this.running = Array.from({ length: keys }, (_, i) => this.one(client, `key-${i}`, budgetMs));
  }

  private async one(client: StoaClient, name: string, budgetMs: number): Promise<void> {
    for (let n = 0; !this.isOver; n += 1) {
      try {
        const { by } = bodyOf(await client.request(addRequest(name, n, { budgetMs }))) as { by: string };
        this.replies.push({ name, by, at: performance.now() });
      } catch (error) {
        this.failures.push(error as OperationError);
        await thinkTime(50); // some failures come at once
      }
    }
  }

  async end(): Promise<void> {
    this.isOver = true;
    await Promise.all(this.running);
  }

  /** Which clones gave the latest replies of all keys, and how many keys have one. */
  latest(): { clones: string[]; keys: number } {
    const clones = new Map(this.replies.map(({ name, by }) => [name, by]));
    return { clones: [...new Set(clones.values())].toSorted(), keys: clones.size };
  }
}

const KEYS = 12;
// Processes are started and Kafka partitions change hands: on a busy machine that takes a while.
const TIMEOUT_MS = 90_000;
const BUDGET_MS = 15_000;
const SOON = { everyMs: 50 };

describe('clones', () => {
  const kits: Kit[] = [];
  const children: ChildProcess[] = [];
  const loads: Load[] = [];
  const loadOf = async (kit: Kit): Promise<Load> => {
    const load = new Load(await kit.client(), KEYS, BUDGET_MS);
    loads.push(load);
    return load;
  };
  const newKit = (): Kit => {
    const kit = new Kit();
    kits.push(kit);
    return kit;
  };
  const clone = async (kit: Kit, name: string, slowMs = 1): Promise<ChildProcess> => {
    const env = {
      ...process.env,
      PREFIX: kit.prefix,
      BROKERS: testKafkaBrokers(),
      CLONE: name,
      SLOW_MS: String(slowMs),
    };
    const child = fork(CLONE, { execPath: NODE, execArgv: [], env: { ...env, NODE_OPTIONS: undefined } });
    children.push(child);
    await once(child, 'message');
    return child;
  };

  afterAll(async () => {
    await Promise.all(loads.map((load) => load.end()));
    for (const child of children) if (child.exitCode === null) child.kill('SIGKILL');
    await Promise.all(kits.map((kit) => kit.end()));
  });

  it(
    'loses no request when clones join and leave in order under load',
    async () => {
      const kit = newKit();
      const first = await clone(kit, 'one');
      const load = await loadOf(kit);
      await eventually(() => expect(load.latest()).toEqual({ clones: ['one'], keys: KEYS }));

      const second = await clone(kit, 'two');
      await eventually(() => expect(load.latest().clones).toEqual(['one', 'two']), SOON);
      await withinDeadline(10_000, async () => {
        first.kill('SIGTERM');
        await once(first, 'exit');
      });
      expect(first.exitCode).toBe(0);
      await eventually(() => expect(load.latest()).toEqual({ clones: ['two'], keys: KEYS }), SOON);

      await load.end();
      expect(load.failures).toEqual([]);
      expect(second.exitCode).toBeNull();
      second.kill('SIGTERM');
      await once(second, 'exit');
    },
    TIMEOUT_MS,
  );

  it(
    'serves a killed clone’s keys by another, soon',
    async () => {
      const kit = newKit();
      const killed = await clone(kit, 'one');
      await clone(kit, 'two');
      const load = await loadOf(kit);
      await eventually(() => expect(load.latest().clones).toEqual(['one', 'two']), SOON);
      const own = new Set(load.replies.filter(({ by }) => by === 'one').map(({ name }) => name));
      const at = performance.now();
      killed.kill('SIGKILL');
      await once(killed, 'exit');
      const taken = (): Reply[] =>
        [...own].map(
          (name) => load.replies.find((one) => one.name === name && one.by === 'two' && one.at > at + 1) ?? fail(name),
        );
      const fail = (name: string): never => {
        throw new Error(`${name} is not served yet`);
      };
      await eventually(taken);
      await load.end();
      // Requests in work at the killed clone were handled again by the other, within its budget.
      expect(load.failures).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    'lets a clone that froze and woke up come back, and loses no request meanwhile',
    async () => {
      const kit = newKit();
      const frozen = await clone(kit, 'one');
      await clone(kit, 'two');
      const load = await loadOf(kit);
      await eventually(() => expect(load.latest().clones).toEqual(['one', 'two']), SOON);
      await freeze(frozen);
      await eventually(() => expect(load.latest()).toEqual({ clones: ['two'], keys: KEYS }), SOON);
      frozen.kill('SIGCONT');
      await eventually(() => expect(load.latest().clones).toEqual(['one', 'two']), SOON);
      await load.end();
      expect(load.failures).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
