import type { KafkaPort, KafkaRecord } from '@stoa/kafka';
import { openTestKafka } from '../servers.js';
import { eventually } from '@stoa/testing';
import type { Body } from '../shop.js';
import type { Findings } from './findings.js';
import { cartSeen, profileSeen, type Shopper } from './shopper.js';
import type { Seen, Track } from './track.js';

const TOPICS = ['profile.events', 'cart.events', 'catalog.events'] as const;
type Topic = (typeof TOPICS)[number];
/** Of these, each version of a profile, cart or product has one. */
const TYPES = new Set(['customerRegistered', 'profileChanged', 'cartChanged', 'productChanged']);
const SEEN: Record<Topic, (body: Body) => Seen> = {
  'profile.events': profileSeen,
  'cart.events': cartSeen,
  'catalog.events': ({ version }) => ({ version, state: undefined }),
};

/** All that was read of one key of a topic. */
interface Thread {
  last: number;
  /** Read before the load knew whose they are. */
  early: Seen[];
  track: Track | undefined;
}

/**
 * Reads the topics of events as any consumer does, and proves of each customer: versions come in order, none is
 * missing, each says what was written. A version may come twice, because delivery is at least once; it must not come
 * late.
 */
export class EventReader {
  private readonly threads = new Map<string, Thread>();

  private constructor(
    private readonly kafka: KafkaPort,
    private readonly findings: Findings,
  ) {}

  /** Reads from the topics' ends on: start it before the first of the load's customers is made. */
  static async start(findings: Findings): Promise<EventReader> {
    const kafka = await openTestKafka('load');
    const reader = new EventReader(kafka, findings);
    const partitions = await Promise.all(
      TOPICS.map(async (topic) =>
        (await kafka.admin.endOffsets(topic)).map((from, partition) => ({ topic, partition, from })),
      ),
    );
    await kafka.follow({
      partitions: partitions.flat(),
      isolation: 'committed',
      onRecords: (records) => records.forEach((record) => reader.take(record)),
    });
    return reader;
  }

  /** From now on the shopper's events are held against what was written. */
  know(shopper: Shopper): void {
    this.attach('cart.events', shopper.id, shopper.cart);
    if (shopper.profile) this.attach('profile.events', shopper.id, shopper.profile);
  }

  /** As `know`, for a product whose stock is adjusted. */
  knowProduct(handle: string, track: Track): void {
    this.attach('catalog.events', handle, track);
  }

  /** With nobody writing: waits until the last acknowledged version of each has come; what has not by then is lost. */
  async catchUp(): Promise<void> {
    const all = async (): Promise<void> => {
      if (this.missing().length > 0) throw new Error('events are missing');
    };
    // Where something is wrong already, nothing is gained by waiting.
    await eventually(all, { timeoutMs: this.findings.violationCount > 0 ? 1_000 : 60_000 }).catch(() => undefined);
    for (const { text, thread, track } of this.missing()) {
      this.findings.violation(text, 'lost');
      thread.last = track.acknowledged;
    }
  }

  close(): Promise<void> {
    return this.kafka.close();
  }

  private missing(): { text: string; thread: Thread; track: Track }[] {
    return [...this.threads].flatMap(([name, thread]) => {
      const { last, track } = thread;
      if (!track || last >= track.acknowledged) return [];
      return [
        { text: `${name}: ends with version ${last}, but ${track.acknowledged} was acknowledged`, thread, track },
      ];
    });
  }

  private attach(topic: Topic, id: string, track: Track): void {
    const thread = this.thread(topic, id);
    thread.track = track;
    for (const seen of thread.early.splice(0)) this.hold(topic, id, track, seen);
  }

  private take({ topic, key, value, headers, partition, offset }: KafkaRecord): void {
    if (!isTopic(topic) || !key || !value || !TYPES.has(headers['type'] ?? '')) return;
    const id = key.toString();
    const thread = this.thread(topic, id);
    const body = { ...(JSON.parse(value.toString()) as Body), version: Number(headers['version']) };
    const seen = SEEN[topic](body);
    this.findings.count('events');
    if (seen.version <= thread.last) this.findings.count('repeated events');
    else if (seen.version === thread.last + 1) thread.last = seen.version;
    else {
      const where = `partition ${partition}, offset ${offset}`;
      this.findings.violation(`${topic} of ${id}: version ${seen.version} follows ${thread.last} (${where})`, 'lost');
      thread.last = seen.version;
    }
    if (thread.track) this.hold(topic, id, thread.track, seen);
    else thread.early.push(seen);
  }

  private hold(topic: Topic, id: string, track: Track, seen: Seen): void {
    const complaint = track.complaint(seen, 1);
    if (complaint) this.findings.violation(`${topic} of ${id}: ${complaint.text}`, complaint.kind);
  }

  private thread(topic: Topic, id: string): Thread {
    const name = `${topic}/${id}`;
    const known = this.threads.get(name) ?? { last: 0, early: [], track: undefined };
    this.threads.set(name, known);
    return known;
  }
}

const isTopic = (topic: string): topic is Topic => (TOPICS as readonly string[]).includes(topic);
