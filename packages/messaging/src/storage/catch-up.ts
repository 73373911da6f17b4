import { setTimeout as delay } from 'node:timers/promises';
import type { KafkaPort } from '../kafka/port.js';
import type { MessagingOptions } from '../options.js';
import type { DatabaseServer } from '../types.js';
import { readFollowed, readFollowedOf, topicOfCopy, type StateOffset } from './state-offsets.js';

export interface CatchUpOptions {
  readonly port: KafkaPort;
  readonly messaging: MessagingOptions;
  readonly server: DatabaseServer;
  /** Without the deployment's prefix. */
  readonly topics: readonly string[];
  /** Of states of these topics (see copyOf); all that the database has, if left out. */
  readonly copies?: readonly string[];
  /** Told after each look whether the database answered. */
  readonly onAsked?: (answers: boolean) => void;
}

/** By topic, then by Kafka partition. */
type Ends = ReadonlyMap<string, readonly number[]>;

const LOOK_MS = 200;

/**
 * Waits until the copies of states in a database, whichever clones write them, have come to where their topics ended when
 * this began; or until `signal` is aborted.
 */
export async function caughtUp(options: CatchUpOptions, signal: AbortSignal): Promise<void> {
  const { messaging, server, topics } = options;
  let ends: Ends | undefined;
  while (!signal.aborted) {
    try {
      ends ??= await endsOf(options);
      const offsets = await askDatabase(options);
      if (haveReached(ends, options.copies ?? copiesIn(offsets, topics), offsets)) return;
    } catch (error) {
      messaging.logger.debug({ err: error, server: server.name }, 'How far the copy of states is, is not known yet');
    }
    await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** A topic of which there is no copy stands for one that has not begun. */
const copiesIn = (offsets: readonly StateOffset[], topics: readonly string[]): string[] => {
  const found = new Set(offsets.map(({ topic }) => topic));
  return topics.flatMap((topic) => {
    const copies = [...found].filter((copy) => topicOfCopy(copy) === topic);
    return copies.length > 0 ? copies : [topic];
  });
};

function haveReached(ends: Ends, copies: readonly string[], offsets: readonly StateOffset[]): boolean {
  const reached = new Map(offsets.map(({ topic, partition, next }) => [`${topic}:${partition}`, next]));
  return copies.every((copy) =>
    ends.get(topicOfCopy(copy))?.every((end, partition) => (reached.get(`${copy}:${partition}`) ?? 0) >= end),
  );
}

async function askDatabase({ server, topics, copies, onAsked }: CatchUpOptions): Promise<StateOffset[]> {
  try {
    const offsets = await server.transaction((tx) => (copies ? readFollowed(tx, copies) : readFollowedOf(tx, topics)));
    onAsked?.(true);
    return offsets;
  } catch (error) {
    onAsked?.(false);
    throw error;
  }
}

async function endsOf({ port, messaging, topics }: CatchUpOptions): Promise<Ends> {
  const ends = topics.map(async (topic): Promise<[string, number[]]> => [
    topic,
    await port.admin.endOffsets(messaging.topicPrefix + topic),
  ]);
  return new Map(await Promise.all(ends));
}
