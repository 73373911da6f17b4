import { isIP } from 'node:net';
import type { BaseOptions } from '@stoa/kafka/client';
import { backoff } from '@stoa/timing';
import type { KafkaOptions } from '../port/options.js';

/**
 * Milliseconds before the given retry (1, 2, …): doubles, and stays short, because a fresh broker says "not yet" for a
 * second or two. Not shorter either: on a machine that they share with the broker, dozens of clients that knock take
 * from it what it starts with.
 */
export const retryDelayMs = (attempt: number): number => backoff(attempt, 25, 800);

function accessSettings({ access, brokers }: KafkaOptions): Pick<BaseOptions, 'sasl' | 'tls' | 'tlsServerName'> {
  const { sasl, tls } = access ?? {};
  // Brokers behind one address tell by it whom a client wants; an IP address can't be one (RFC 6066).
  const tlsServerName = brokers.every((broker) => isIP(broker.replace(/:\d+$/, '')) === 0);
  return {
    ...(sasl && { sasl: { ...sasl, mechanism: LIBRARY_MECHANISMS[sasl.mechanism] } }),
    ...(tls && { tls: { ...tls }, tlsServerName }),
  };
}

const LIBRARY_MECHANISMS = {
  'scram-sha-512': 'SCRAM-SHA-512',
  'scram-sha-256': 'SCRAM-SHA-256',
  plain: 'PLAIN',
} as const;

/** Settings of every client of the library. */
export function baseSettings(options: KafkaOptions): BaseOptions & { bootstrapBrokers: string[] } {
  return {
    clientId: options.clientId,
    bootstrapBrokers: [...options.brokers],
    ...accessSettings(options),
    connectTimeout: 2_000,
    // Longer than the longest fetch wait, shorter than anyone waits for a broker that hangs.
    requestTimeout: 12_000,
    retries: 6,
    retryDelay: (_client, _operation, attempt) => retryDelayMs(attempt),
    // The library asks again every 5 s by default, and the sends of that moment wait. Stale metadata shows in errors
    // anyway.
    metadataMaxAge: 120_000,
    autocreateTopics: false,
  };
}

/**
 * A transaction's first steps are answered CONCURRENT_TRANSACTIONS until the last one is written: 3 ms here is 12 ms a
 * transaction instead of 59.
 */
export const transactionBackoff = (attempt: number): number => (attempt <= 30 ? 3 : Math.min(attempt * 3, 400));
