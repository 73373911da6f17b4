import type { MessagingMetrics } from '@stoa/messaging';
import { metrics } from './metrics.js';

const histogram = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
  metrics.histogram<L>({ name, help, labelNames });
const gauge = <L extends string = never>(name: string, help: string, ...labelNames: L[]) =>
  metrics.gauge<L>({ name, help, labelNames });
const counter = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
  metrics.counter<L>({ name, help, labelNames });

/** Metrics of requests that a process sends: the gateway, and services that call others. */
function sending(): MessagingMetrics {
  const sent = histogram(
    'stoa_request_sent_seconds',
    'From sending a request to its reply, or to giving it up',
    'service',
    'operation',
    'outcome',
  );
  const bound = gauge(
    'stoa_in_flight_bound',
    'Requests that may be in flight to a service before more are refused',
    'service',
  );
  const inFlight = gauge('stoa_in_flight', 'Requests in flight to a service, when the bound last changed', 'service');
  return {
    requestSent: (service, operation, outcome, ms) => sent.observe({ service, operation, outcome }, ms / 1000),
    concurrencyLimit: (service, newBound, count) => {
      bound.set({ service }, newBound);
      inFlight.set({ service }, count);
    },
  };
}

/** Metrics of messages that a clone of a service handles. */
function handling(): MessagingMetrics {
  const waited = histogram('stoa_request_wait_seconds', 'From the broker to the handler', 'operation');
  const handled = histogram(
    'stoa_request_handle_seconds',
    'In the handler, its transaction included',
    'operation',
    'outcome',
  );
  const messages = gauge('stoa_queued_messages', 'Messages in work or queued in this clone');
  const bytes = gauge('stoa_queued_bytes', 'Their bytes');
  const dead = counter('stoa_dead_letters_total', 'Dead letters written', 'topic');
  const paused = gauge(
    'stoa_partition_paused',
    '1 while this clone takes nothing from a Kafka partition because it cannot keep up',
    'topic',
    'partition',
  );
  const partitions = gauge('stoa_partitions', 'Kafka partitions of requests that this clone has');
  const taken = metrics.counter({
    name: 'stoa_partitions_taken_total',
    help: 'Kafka partitions that were taken from this clone, because others came or it was silent for too long',
  });
  return {
    partitions: (held, lost) => {
      partitions.set(held);
      taken.inc(lost);
    },
    requestHandled: (operation, outcome, waitMs, handleMs) => {
      waited.observe({ operation }, waitMs / 1000);
      handled.observe({ operation, outcome }, handleMs / 1000);
    },
    queued: (count, size) => {
      messages.set(count);
      bytes.set(size);
    },
    deadLettered: (topic) => dead.inc({ topic }),
    paused: (topic, partition, isPaused) => paused.set({ topic, partition }, isPaused ? 1 : 0),
  };
}

/**
 * Metrics of a database's leader: its relay and its copies of states. Only the leading clone reports them, so that a
 * database has one figure.
 */
function leading(): MessagingMetrics {
  const isLeading = gauge('stoa_leader', '1 while this clone leads the database', 'server');
  const sent = counter('stoa_relayed_total', 'Outbox rows sent to Kafka', 'server');
  const lag = gauge('stoa_outbox_lag_seconds', "Age of the outbox's oldest row; 0 when it is empty", 'server');
  const behind = gauge(
    'stoa_state_lag_records',
    "How many records the copy of another service's states is behind",
    'server',
    'copy',
  );
  return {
    leading: (server, isLeader) => {
      isLeading.set({ server }, isLeader ? 1 : 0);
      if (isLeader) return;
      lag.remove({ server });
    },
    following: (server, copy, isFollowing) => {
      if (!isFollowing) behind.remove({ server, copy });
    },
    relayed: (server, records, lagMs) => {
      sent.inc({ server }, records);
      lag.set({ server }, lagMs / 1000);
    },
    stateLag: (server, copy, records) => behind.set({ server, copy }, records),
  };
}

/** Counts messaging's reports for /metrics. */
export const messagingMetrics = (): MessagingMetrics => ({ ...sending(), ...handling(), ...leading() });
