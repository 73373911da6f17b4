import type { MessagingMetrics } from '@stoa/messaging';
import { metrics } from '../observe/metrics.js';

/** What a process sends: the gateway, and services that call others. */
function sending(): MessagingMetrics {
  const sent = metrics.histogram({
    name: 'stoa_request_sent_seconds',
    help: 'From sending a request to its reply, or to giving it up',
    labelNames: ['service', 'operation', 'outcome'],
  });
  const bound = metrics.gauge({
    name: 'stoa_in_flight_bound',
    help: 'Requests that may be in flight to a service before more are refused',
    labelNames: ['service'],
  });
  const inFlight = metrics.gauge({
    name: 'stoa_in_flight',
    help: 'Requests in flight to a service, when the bound last changed',
    labelNames: ['service'],
  });
  return {
    requestSent: (service, operation, outcome, ms) => sent.observe({ service, operation, outcome }, ms / 1000),
    inFlightBound: (service, newBound, count) => {
      bound.set({ service }, newBound);
      inFlight.set({ service }, count);
    },
  };
}

/** What a clone of a service handles. */
function handling(): MessagingMetrics {
  const waited = metrics.histogram({
    name: 'stoa_request_wait_seconds',
    help: 'From the broker to the handler',
    labelNames: ['operation'],
  });
  const handled = metrics.histogram({
    name: 'stoa_request_handle_seconds',
    help: 'In the handler, its transaction included',
    labelNames: ['operation', 'outcome'],
  });
  const messages = metrics.gauge({ name: 'stoa_queued_messages', help: 'Messages in work or queued in this clone' });
  const bytes = metrics.gauge({ name: 'stoa_queued_bytes', help: 'Their bytes' });
  const dead = metrics.counter({
    name: 'stoa_dead_letters_total',
    help: 'Dead letters written',
    labelNames: ['topic'],
  });
  const paused = metrics.gauge({
    name: 'stoa_partition_paused',
    help: '1 while this clone takes nothing from a Kafka partition because it cannot keep up',
    labelNames: ['topic', 'partition'],
  });
  return {
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

/** What the leader of a database does beside the requests. Only one clone tells of each database: the others have no such figures. */
function leading(): MessagingMetrics {
  const labelNames = ['server'] as const;
  const isLeading = metrics.gauge({ name: 'stoa_leader', help: '1 while this clone leads the database', labelNames });
  const sent = metrics.counter({ name: 'stoa_relayed_total', help: 'Outbox rows sent to Kafka', labelNames });
  const lag = metrics.gauge({
    name: 'stoa_outbox_lag_seconds',
    help: "Age of the outbox's oldest row; 0 when it is empty",
    labelNames,
  });
  const behind = metrics.gauge({
    name: 'stoa_state_lag_records',
    help: "How many records the copy of another service's states is behind",
    labelNames: ['server', 'topic'],
  });
  return {
    leading: (server, isLeader) => {
      isLeading.set({ server }, isLeader ? 1 : 0);
      if (isLeader) return;
      lag.remove({ server });
      behind.reset();
    },
    relayed: (server, records, lagMs) => {
      sent.inc({ server }, records);
      lag.set({ server }, lagMs / 1000);
    },
    stateLag: (server, topic, records) => behind.set({ server, topic }, records),
  };
}

/** Counts what messaging tells, for /metrics. */
export const messagingMetrics = (): MessagingMetrics => ({ ...sending(), ...handling(), ...leading() });
