import { FetchIsolationLevels, ListOffsetTimestamps, type Base } from '@stoa/kafka/client';
import { pause } from '@stoa/timing';
import { KafkaError, type StartOffset, type TopicPartition } from '../port/port.js';
import { isProtocolError } from './errors.js';
import type { FetcherOptions } from './fetcher-options.js';
import { LeaderFetcher, type Cursor } from './leader-fetcher.js';
import { leaderOf, Leaders, nameOf, type Topic } from './leaders.js';
import { offsetsOf } from './offset-bounds.js';
import { retryDelayMs } from './settings.js';

/**
 * Fetches Kafka partitions over the library's low-level calls: one waiting request per broker (a fetcher). The
 * library's own stream can't pause a single Kafka partition, makes a new assignment wait for the running fetch to end,
 * and does not know LogAppendTime.
 *
 * A Kafka partition is on the fetcher of the broker that leads it, or it is lost: nobody leads it, its broker does not
 * response, its next offset is gone. The lost are looked for again and again, each by itself; the fetchers go on
 * meanwhile.
 */
export class Fetcher {
  private readonly fetchers = new Map<number, LeaderFetcher>();
  /** When each is looked for next, by performance.now. */
  private readonly lost = new Map<Cursor, number>();
  private readonly topicIds = new Map<string, string>();
  private readonly leaders: Leaders;
  private isStopped = false;
  private isSearching = false;
  private pausing = new AbortController();

  constructor(
    private readonly client: Base,
    private readonly options: FetcherOptions,
  ) {
    this.leaders = new Leaders(client);
  }

  /** Begins to fetch these. Where `from` is no number, it is looked up first. */
  add(partitions: readonly (TopicPartition & { readonly from: StartOffset })[]): void {
    for (const { topic, partition, from } of partitions) {
      const start = typeof from === 'number' ? { next: from } : { next: 0, from };
      this.lost.set({ topic, partition, ...start, paused: false, failures: 0 }, 0);
    }
    this.search();
  }

  /** Records of these that a running fetch brings are dropped. */
  remove(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) {
      const cursor = this.cursor(partition);
      if (cursor) this.takeOff(cursor);
    }
  }

  pause(partition: TopicPartition): void {
    const cursor = this.cursor(partition);
    if (cursor) cursor.paused = true;
  }

  resume(partition: TopicPartition): void {
    const cursor = this.cursor(partition);
    if (!cursor?.paused) return;
    cursor.paused = false;
    for (const fetcher of this.fetchers.values()) if (fetcher.cursors.has(nameOf(cursor))) fetcher.notify();
  }

  seek(partition: TopicPartition, offset: number): void {
    const cursor = this.cursor(partition);
    if (!cursor) return;
    this.takeOff(cursor);
    this.lost.set(Object.assign(cursor, { next: offset, from: undefined }), 0);
    this.search();
  }

  position(partition: TopicPartition): number | undefined {
    return this.cursor(partition)?.next;
  }

  /** The id of the topic that its records come from, or came from while it was fetched; undefined if it never was. */
  topicIdOf(partition: TopicPartition): string | undefined {
    return this.topicIds.get(nameOf(partition));
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.pausing.abort();
    for (const fetcher of this.fetchers.values()) fetcher.end();
    this.fetchers.clear();
  }

  private cursor(partition: TopicPartition): Cursor | undefined {
    const name = nameOf(partition);
    for (const { cursors } of this.fetchers.values()) {
      const cursor = cursors.get(name);
      if (cursor) return cursor;
    }
    return [...this.lost.keys()].find((cursor) => nameOf(cursor) === name);
  }

  private takeOff(cursor: Cursor): void {
    this.lost.delete(cursor);
    for (const [node, { cursors }] of this.fetchers) if (cursors.delete(nameOf(cursor))) this.endIfEmpty(node);
  }

  private endIfEmpty(node: number): void {
    const fetcher = this.fetchers.get(node);
    if (!fetcher || fetcher.cursors.size > 0) return;
    fetcher.end();
    this.fetchers.delete(node);
  }

  /** This one is looked for a little later, the later the more often that was in vain. */
  private lose(cursor: Cursor): void {
    cursor.failures += 1;
    this.lost.set(cursor, performance.now() + retryDelayMs(cursor.failures));
  }

  /** Looks for the lost, until there are none. */
  private search(): void {
    this.pausing.abort();
    if (this.isSearching || this.isStopped) return;
    this.isSearching = true;
    void this.searchOn();
  }

  private async searchOn(): Promise<void> {
    while (this.lost.size > 0 && !this.isStopped) {
      this.pausing = new AbortController();
      const wait = Math.min(...this.lost.values()) - performance.now();
      if (wait > 0) await pause(wait, this.pausing.signal);
      const now = performance.now();
      const due = [...this.lost].filter(([, at]) => at <= now).map(([cursor]) => cursor);
      if (due.length > 0) this.place(await this.find(due), due);
    }
    // In the same turn as the last look at what is lost: what gets lost later begins a new search.
    this.isSearching = false;
  }

  /** The brokers of those that can be fetched now. */
  private async find(due: readonly Cursor[]): Promise<Map<Cursor, number>> {
    const isAgain = due.some(({ failures }) => failures > 0);
    const topics = await this.leaders.topics(
      due.map(({ topic }) => topic),
      isAgain,
    );
    const found = new Map<Cursor, number>();
    const faults: KafkaError[] = [];
    for (const cursor of due) {
      const topic = topics.get(cursor.topic);
      const node = topic instanceof KafkaError ? topic : leaderOf(topic, cursor);
      if (node instanceof KafkaError) faults.push(node);
      else found.set(recognized(cursor, topic as Topic), node);
    }
    for (const from of ['beginning', 'end'] as const) faults.push(...(await this.lookUp(found, from)));
    // One fault says enough: they are reported again with each poll.
    if (faults[0] && !this.isStopped) this.options.onFault(faults[0]);
    return found;
  }

  /** Takes those whose start is not to be learned off what was found. @returns why it is not */
  private async lookUp(found: Map<Cursor, number>, from: 'beginning' | 'end'): Promise<KafkaError[]> {
    const cursors = [...found.keys()].filter((cursor) => cursor.from === from);
    if (cursors.length === 0) return [];
    const timestamp = ListOffsetTimestamps[from === 'beginning' ? 'EARLIEST' : 'LATEST'];
    const offsets = await offsetsOf(
      this.client,
      cursors,
      { timestamp, isolation: FetchIsolationLevels.READ_COMMITTED },
      false,
    );
    const faults: KafkaError[] = [];
    for (const cursor of cursors) {
      const offset = offsets.get(nameOf(cursor)) ?? 0;
      if (offset instanceof KafkaError) {
        faults.push(offset);
        found.delete(cursor);
      } else this.start(cursor, offset);
    }
    return faults;
  }

  private start(cursor: Cursor, offset: number): void {
    const wasReset = cursor.failures > 0 && cursor.next > 0;
    Object.assign(cursor, { next: offset, from: undefined });
    if (!wasReset) return;
    this.options.onFault(new KafkaError('OTHER', `${nameOf(cursor)}: offset out of range, going on at ${offset}`));
    if (!this.options.onReset) return;
    cursor.paused = false; // whoever paused it is about to forget that
    this.options.onReset({ topic: cursor.topic, partition: cursor.partition });
  }

  private place(found: ReadonlyMap<Cursor, number>, due: readonly Cursor[]): void {
    if (this.isStopped) return;
    const byNode = new Map<number, Cursor[]>();
    for (const cursor of due) {
      if (!this.lost.has(cursor)) continue; // removed meanwhile
      const node = found.get(cursor);
      if (node === undefined) this.lose(cursor);
      else {
        this.lost.delete(cursor);
        byNode.set(node, [...(byNode.get(node) ?? []), cursor]);
      }
    }
    for (const [node, cursors] of byNode) this.open(node, cursors);
  }

  /**
   * A fetcher for what is fetched from a broker already, and these. The fetch that waits does not know of them: it is
   * cut off.
   */
  private open(node: number, cursors: readonly Cursor[]): void {
    const former = this.fetchers.get(node);
    const fetcher: LeaderFetcher = new LeaderFetcher({
      ...this.options,
      pool: this.options.newPool(),
      connect: (pool) => this.leaders.connection(node, pool),
      onLost: (cursor, error) => {
        if (this.fetchers.get(node) === fetcher) this.lostOne(node, cursor, error);
      },
      onFailed: (error) => {
        if (this.fetchers.get(node) === fetcher) this.lostAll(node, fetcher, error);
      },
    });
    for (const cursor of [...(former?.cursors.values() ?? []), ...cursors]) fetcher.cursors.set(nameOf(cursor), cursor);
    for (const { topicId = '', ...partition } of cursors) this.topicIds.set(nameOf(partition), topicId);
    former?.end();
    this.fetchers.set(node, fetcher);
    fetcher.run();
  }

  private lostOne(node: number, cursor: Cursor, error: KafkaError): void {
    this.endIfEmpty(node);
    if (isProtocolError(error, 'OFFSET_OUT_OF_RANGE')) cursor.from = this.options.resetTo;
    else this.options.onFault(error);
    this.lose(cursor);
    this.search();
  }

  private lostAll(node: number, { cursors }: LeaderFetcher, error: KafkaError): void {
    this.fetchers.delete(node);
    this.options.onFault(error);
    for (const cursor of cursors.values()) this.lose(cursor);
    this.search();
  }
}

/** A topic that was made anew under its name is read from its beginning. */
function recognized(cursor: Cursor, { id }: Topic): Cursor {
  if (cursor.topicId !== undefined && cursor.topicId !== id) cursor.from = 'beginning';
  return Object.assign(cursor, { topicId: id });
}
