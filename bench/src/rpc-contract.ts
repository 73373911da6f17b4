import { query, service } from '@stoa/contract-kit';
import type { MessagingOptions } from '@stoa/messaging';
import { trace } from '@stoa/service';
import { z } from 'zod';

const Line = z.object({ sku: z.string(), title: z.string(), quantity: z.int(), price: z.int() });
const Document = z.object({ id: z.uuid(), lines: z.array(Line) });

/** A service whose one query replies with its input: about 480 bytes of JSON each way. */
export const echo = service(
  'echo',
  { version: 1, title: 'Echo', description: 'For measurements' },
  { read: query({ summary: 'Reply with the input', caller: 'anyone', input: Document, output: Document }) },
);

export const document = {
  id: '0190a8c0-5d3e-7cc1-8a5d-1f2e3d4c5b6a',
  lines: Array.from({ length: 5 }, (_, n) => ({
    sku: `SKU-0000-${n}`,
    title: `A mug with a handle, no. ${n}`,
    quantity: n + 1,
    price: 1299,
  })),
};

const silent = { debug: () => undefined, info: () => undefined, warn: console.warn, error: console.error };

/** As the service kit sets a clone's messaging up, from the environment that rpc.ts gives. */
export const rpcOptions = (name: string, clone: string): MessagingOptions => ({
  brokers: (process.env['KAFKA_BROKERS'] ?? '').split(','),
  client: process.env['KAFKA_CLIENT'] === 'kafkajs' ? 'kafkajs' : 'platformatic',
  topicPrefix: process.env['KAFKA_TOPIC_PREFIX'] ?? '',
  service: name,
  clone,
  replicationFactor: 1,
  partitions: 12,
  logger: silent,
  runWith: ({ traceparent, messageId }, work) => trace.run(trace.child(trace.parse(traceparent), messageId), work),
});
