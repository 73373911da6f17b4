import type { KafkaPort } from '@stoa/kafka';
import type { DatabaseServer } from '@stoa/postgres';
import { pause } from '@stoa/timing';
import type { MessagingOptions } from '../api/options.js';
import { readFollowed, readFollowedOf, topicOfCopy, type StateOffset } from './state-offsets.js';

export interface CatchUpOptions {
  readonly port: KafkaPort;
  readonly messaging: MessagingOptions;
  readonly server: DatabaseServer;
  /** Without the deployment's prefix. */
  readonly topics: readonly string[];
  /** Names of copies of these topics' states (copyOf); all that the database has, if left out. */
  readonly copies?: readonly string[];
  /** Called after each poll. */
  readonly onPolled?: (isAvailable: boolean) => void;
}

/** By topic, then by Kafka partition. */
type Ends = ReadonlyMap<string, readonly number[]>;

const POLL_MS = 200;

/** The offsets that copies have to reach. */
interface Goal {
  readonly ends: Ends;
  /** Offsets that were beyond the ends, by `copy:partition`. */
  readonly beyond: ReadonlyMap<string, number>;
}

/**
 * Waits until the copies of states in a database, whichever clones write them, have reached the ends that their topics
 * had when this began; or until `signal` is aborted.
 */
export async function caughtUp(options: CatchUpOptions, signal: AbortSignal): Promise<void> {
  const { messaging, server, topics } = options;
  let goal: Goal | undefined;
  while (!signal.aborted) {
    try {
      // Read before the ends: a copy that is beyond them is one of a former topic of the name, and begins anew.
      const offsets = await pollDatabase(options);
      goal ??= goalOf(await endsOf(options), offsets);
      if (haveReached(goal, options.copies ?? copiesIn(offsets, topics), offsets)) return;
    } catch (error) {
      messaging.logger.debug({ err: error, server: server.name }, 'how far the copy of states is, is not known yet');
    }
    await pause(POLL_MS, signal);
  }
}

/** The copies of these topics' states. A topic without one counts as a copy that has not begun. */
const copiesIn = (offsets: readonly StateOffset[], topics: readonly string[]): string[] => {
  const found = new Set(offsets.map(({ topic }) => topic));
  return topics.flatMap((topic) => {
    const copies = [...found].filter((copy) => topicOfCopy(copy) === topic);
    return copies.length > 0 ? copies : [topic];
  });
};

const nextOf = (offsets: readonly StateOffset[]): Map<string, number> =>
  new Map(offsets.map(({ topic, partition, next }) => [`${topic}:${partition}`, next]));

function goalOf(ends: Ends, offsets: readonly StateOffset[]): Goal {
  const beyond = offsets.filter(({ topic, partition, next }) => {
    const end = ends.get(topicOfCopy(topic))?.[partition] ?? 0;
    return end > 0 && next > end;
  });
  return { ends, beyond: nextOf(beyond) };
}

function haveReached({ ends, beyond }: Goal, copies: readonly string[], offsets: readonly StateOffset[]): boolean {
  const reached = nextOf(offsets);
  return copies.every((copy) =>
    ends.get(topicOfCopy(copy))?.every((end, partition) => {
      const name = `${copy}:${partition}`;
      const next = reached.get(name) ?? 0;
      return next >= end && beyond.get(name) !== next;
    }),
  );
}

async function pollDatabase({ server, topics, copies, onPolled }: CatchUpOptions): Promise<StateOffset[]> {
  try {
    const offsets = await server.transaction((tx) => (copies ? readFollowed(tx, copies) : readFollowedOf(tx, topics)));
    onPolled?.(true);
    return offsets;
  } catch (error) {
    onPolled?.(false);
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
