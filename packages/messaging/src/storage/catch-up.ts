import { setTimeout as delay } from 'node:timers/promises';
import type { KafkaPort } from '../kafka/port.js';
import type { MessagingOptions } from '../options.js';
import type { DatabaseServer } from '../types.js';
import { readOffsets, type StateOffset } from './state-offsets.js';

export interface CatchUpOptions {
  readonly port: KafkaPort;
  readonly messaging: MessagingOptions;
  readonly server: DatabaseServer;
  /** Without the deployment's prefix. */
  readonly topics: readonly string[];
  /** Told after each look whether the database answered. */
  readonly onAsked?: (answers: boolean) => void;
}

const LOOK_MS = 200;

/**
 * Waits until the copy of states in a database, whichever clone's leader writes it, has come to where the topics ended when
 * this began; or until `signal` is aborted.
 */
export async function caughtUp(options: CatchUpOptions, signal: AbortSignal): Promise<void> {
  const { messaging, server } = options;
  let ends: Map<string, number> | undefined;
  while (!signal.aborted) {
    try {
      ends ??= await endsOf(options);
      const offsets = await askDatabase(options);
      const reached = new Map(offsets.map(({ topic, partition, next }) => [`${topic}:${partition}`, next]));
      if ([...ends].every(([name, end]) => (reached.get(name) ?? 0) >= end)) return;
    } catch (error) {
      messaging.logger.debug({ err: error, server: server.name }, 'How far the copy of states is, is not known yet');
    }
    await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function askDatabase({ server, topics, onAsked }: CatchUpOptions): Promise<StateOffset[]> {
  try {
    const offsets = await server.transaction((tx) => readOffsets(tx, topics));
    onAsked?.(true);
    return offsets;
  } catch (error) {
    onAsked?.(false);
    throw error;
  }
}

async function endsOf({ port, messaging, topics }: CatchUpOptions): Promise<Map<string, number>> {
  const ends = topics.map(async (topic) => {
    const offsets = await port.admin.endOffsets(messaging.topicPrefix + topic);
    return offsets.map((end, partition): [string, number] => [`${topic}:${partition}`, end]);
  });
  return new Map((await Promise.all(ends)).flat());
}
