import type { KafkaPort } from '@stoa/kafka';
import { Admin } from '@stoa/kafka/client';
import type { Findings } from '../../support/load/findings.js';
import { adminSasl, kafkaBrokers, openTestKafka, outboxDatabases, sql, superuserUrl } from '../../support/servers.js';
import { eventually } from '@stoa/testing';
import { isReady, processes, status } from '../../support/stack.js';
import { stockFaults } from './stock.js';

/** The resources that may leak, at one moment at rest. */
export interface Holdings {
  /** Sessions of clients by Postgres server. */
  readonly sessions: Readonly<Record<string, number>>;
  readonly replyTopics: number;
  readonly groups: readonly string[];
  /** Proportional set size by process, in MB. */
  readonly memory: Readonly<Record<string, number>>;
}

/** A process that died is started again, with back-off, on a machine that may be slow. */
const WHOLE_MS = 60_000;
/**
 * A relay that waits for its next term, or was cut off from Kafka, needs some seconds, on a machine that may be slow.
 */
const DRAINED_MS = 60_000;
/** Reply topics of the dead are swept when they were silent in two polls, half a minute apart. */
const SWEPT_MS = 150_000;
/** Pools open one more session here or there. */
const MORE_SESSIONS = 8;
/** A heap that has met load grows within its cap; a leak goes on past that. */
const MORE_MB = 64;

/** Checks the stack's holdings: queues that must be empty at rest, and resources that must not pile up. */
export class Checks {
  private constructor(
    private readonly kafka: KafkaPort,
    private readonly findings: Findings,
    private readonly deadBefore: number,
  ) {}

  static async start(findings: Findings): Promise<Checks> {
    const kafka = await openTestKafka('audit');
    return new Checks(kafka, findings, await deadLetters(kafka));
  }

  close(): Promise<void> {
    return this.kafka.close();
  }

  /** Every process runs, and all clones are ready. */
  async stackIsWhole(): Promise<void> {
    await this.settles(async () => {
      const { processes: running, waiting } = await status();
      const unready = waiting.map(({ name }) => name);
      for (const { name, adminPort } of running) {
        if (adminPort !== null && !(await isReady(adminPort))) unready.push(name);
      }
      if (unready.length > 0) throw new Error(`not ready: ${unready.join(', ')}`);
    }, WHOLE_MS);
  }

  /** Outboxes are empty, nothing is parked, and no dead letter has come. */
  async queuesAreEmpty(): Promise<void> {
    const text = `SELECT (SELECT count(*)::int FROM outbox) AS outbox, (SELECT count(*)::int FROM parked_events) AS parked`;
    for (const url of await outboxDatabases()) {
      const place = new URL(url).pathname.slice(1);
      const left = async (): Promise<void> => {
        const [row] = await sql<{ outbox: number; parked: number }>(url, text);
        if (row?.outbox !== 0) throw new Error(`${row?.outbox} events wait in the outbox of ${place}`);
        if (row.parked !== 0) throw new Error(`${row.parked} events are parked in ${place}`);
      };
      await this.settles(left, DRAINED_MS);
    }
    const dead = (await deadLetters(this.kafka)) - this.deadBefore;
    if (dead > 0) this.findings.violation(`${dead} dead letters have come`);
  }

  /** Held pieces are those of open holds, each stock is what its history leads to, and nothing was sold twice. */
  async stockAddsUp(): Promise<void> {
    for (const fault of await stockFaults()) this.findings.violation(fault);
  }

  async holdings(): Promise<Holdings> {
    const memory = (await processes()).map(({ name, pssBytes }) => [name, Math.round((pssBytes ?? 0) / 2 ** 20)]);
    return {
      sessions: await sessions(),
      replyTopics: (await this.replyTopics()).length,
      groups: await groups(),
      memory: Object.fromEntries(memory) as Record<string, number>,
    };
  }

  /** At the end, at rest: nobody holds more than before. @returns what is held now. */
  async nothingLeaked(before: Holdings): Promise<Holdings> {
    await this.settles(async () => {
      for (const [server, now] of Object.entries(await sessions())) {
        const then = before.sessions[server] ?? 0;
        if (now > then + MORE_SESSIONS) throw new Error(`${server} has ${now} sessions, ${then} before`);
      }
    }, 60_000);
    await this.settles(async () => {
      const topics = await this.replyTopics();
      if (topics.length <= before.replyTopics) return;
      throw new Error(`${topics.length} reply topics, ${before.replyTopics} before: ${topics.join(', ')}`);
    }, SWEPT_MS);
    const after = await this.holdings();
    const more = after.groups.filter((group) => !before.groups.includes(group));
    if (more.length > 0) this.findings.violation(`consumer groups that were not there before: ${more.join(', ')}`);
    for (const [name, now] of Object.entries(after.memory)) {
      const then = before.memory[name] ?? now;
      if (now > then + MORE_MB) this.findings.violation(`${name} has ${now} MB, ${then} MB before`);
    }
    return after;
  }

  private async replyTopics(): Promise<string[]> {
    return (await this.kafka.admin.listTopics()).filter((topic) => topic.includes('.replies.'));
  }

  /** Waits until the check does not throw any more. Its last error is a finding. */
  private async settles(check: () => Promise<void>, timeoutMs: number): Promise<void> {
    await eventually(check, { timeoutMs }).catch((error: unknown) => {
      this.findings.violation(error instanceof Error ? error.message : String(error));
    });
  }
}

async function deadLetters(kafka: KafkaPort): Promise<number> {
  const topics = (await kafka.admin.listTopics()).filter((topic) => topic.endsWith('.dead-letters'));
  const ends = await Promise.all(topics.map((topic) => kafka.admin.endOffsets(topic)));
  return ends.flat().reduce((sum, end) => sum + end, 0);
}

async function sessions(): Promise<Record<string, number>> {
  const text = `SELECT count(*)::int AS count FROM pg_stat_activity WHERE backend_type = 'client backend'`;
  const servers = (await processes()).filter(({ kind }) => kind === 'postgres').map(({ name }) => name);
  const counts = servers.map(async (name) => {
    const [row] = await sql<{ count: number }>(await superuserUrl(name.replace('postgres-', ''), 'postgres'), text);
    return [name, row?.count ?? 0] as const;
  });
  return Object.fromEntries(await Promise.all(counts));
}

async function groups(): Promise<string[]> {
  const admin = new Admin({ clientId: 'audit', bootstrapBrokers: await kafkaBrokers(), ...adminSasl() });
  try {
    return [...(await admin.listGroups({ types: ['classic', 'consumer'] })).keys()].toSorted();
  } finally {
    await admin.close();
  }
}
