import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { StoaClient } from '@stoa/messaging';
import { messagingOptions, metrics, NestLog, type Logger, type Readiness } from '@stoa/service';
import { untilSuccess } from './background/until-success.js';
import { FreshAges } from './cache/fresh-ages.js';
import { InvalidateByEvents } from './cache/invalidate-by-events.js';
import { MemoryCache } from './cache/memory-cache.js';
import type { GatewayConfig } from './config.js';
import { GatewayModule } from './gateway.module.js';
import { ResponseSender } from './http/response-sender.js';
import { EndSessions } from './identity/end-sessions.js';
import { Revocations } from './identity/revocations.js';
import { SigningKeys } from './identity/signing-keys.js';
import { CloneCount } from './limits/clone-count.js';
import { HandleRequest } from './requests/handle-request.js';
import { catchAll } from './server/catch-all.js';
import { allowOrigins } from './server/cors.js';
import { createAdapter } from './server/create-adapter.js';
import { ProblemFilter } from './server/framework-problems.js';
import { MemoryHits } from './server/memory-hits.js';
import { RequestLog } from './server/request-log.js';
import { Contracts } from './services/contracts.js';
import { PurgeExpired } from './storage/purge-expired.js';
import { RedisConnection } from './storage/redis-connection.js';

/** A running clone of the gateway. */
export interface Gateway {
  /** The port it listens on (of 0, the one that the system chose). */
  readonly port: number;
  /**
   * Takes no more connections, finishes the requests in flight, and closes everything.
   * @param delayMs milliseconds that it still takes requests before that
   */
  close(delayMs?: number): Promise<void>;
}

/** The configuration and the objects that a clone is started with. */
export interface GatewayOptions {
  readonly config: GatewayConfig;
  readonly logger: Logger;
  readonly readiness: Readiness;
  /** Called when messaging can't go on, and neither can the process. */
  readonly onFatal: (error: Error) => void;
}

/** Runs beside requests. None has to succeed for the clone to listen: it becomes ready as they do. */
const BACKGROUND = [
  RedisConnection,
  SigningKeys,
  Revocations,
  CloneCount,
  PurgeExpired,
  Contracts,
  FreshAges,
  InvalidateByEvents,
  EndSessions,
];

/**
 * Ready once contracts and signing keys are known and Kafka is connected. It stays ready when Kafka becomes unavailable
 * later: that is so for all clones at once, and a balancer without a server can serve neither stale responses nor
 * problems that say why.
 */
function watchReadiness(app: NestFastifyApplication, readiness: Readiness): void {
  const when = (name: string, holds: () => boolean, why: string): void => {
    const probe = async (): Promise<void> => {
      if (!holds()) throw new Error(why);
    };
    readiness.watch(name, probe, { everyMs: 250 });
  };
  const client = app.get(StoaClient);
  let connected = false;
  when('contracts', () => app.get(Contracts).known, 'no contract of any service is known yet');
  when('signing keys', () => app.get(SigningKeys).known, 'not read from the database yet');
  when('kafka', () => (connected ||= client.isReady()), 'not connected yet');
  const redis = app.get(RedisConnection);
  connectionGauge('stoa_kafka_connected', 'requests can be sent and replies can arrive', () => client.isReady());
  connectionGauge('stoa_redis_connected', 'the shared cache and rate limits are used', () => redis.isAvailable);
}

function connectionGauge(name: string, meaning: string, isConnected: () => boolean): void {
  metrics.gauge({
    name,
    help: `1 while ${meaning}`,
    collect() {
      this.set(isConnected() ? 1 : 0);
    },
  });
}

/**
 * Of the 128 requests that HAProxy gives a gateway at a time: a service or shard that is slow leaves the rest to the
 * others.
 */
const MOST_IN_FLIGHT = 96;

async function createApp(options: GatewayOptions, responses: ResponseSender, memoryHits: MemoryHits) {
  const { config, logger, readiness, onFatal } = options;
  const messaging = { ...messagingOptions('gateway', config, logger, onFatal), mostInFlight: MOST_IN_FLIGHT };
  const module = GatewayModule.with({ config, logger, readiness, messaging, responses });
  const adapter = createAdapter(config, memoryHits, responses);
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    bodyParser: false,
    logger: new NestLog(logger),
    abortOnError: false,
  });
  return app.useGlobalFilters(new ProblemFilter(responses, logger));
}

/** Starts a clone. It listens at once. */
export async function runGateway(options: GatewayOptions): Promise<Gateway> {
  const { config, logger, readiness } = options;
  const responses = new ResponseSender(config);
  const memoryHits = new MemoryHits(responses);
  const app = await createApp(options, responses, memoryHits);
  const fastify = app.getHttpAdapter().getInstance();
  if (config.CORS_ORIGINS) allowOrigins(fastify, config.CORS_ORIGINS, responses);
  const handler = app.get(HandleRequest);
  await fastify.register(
    catchAll({ handle: (exchange) => handler.handle(exchange), log: app.get(RequestLog), responses }),
  );
  memoryHits.open(app.get(MemoryCache), config.CORS_ORIGINS !== undefined);
  for (const provider of BACKGROUND) app.get<{ start(): void }>(provider).start();
  const client = app.get(StoaClient);
  const closing = new AbortController();
  const complaint = 'Kafka is unavailable: trying again';
  void untilSuccess({ work: () => client.connect(), complaint, signal: closing.signal, logger });
  watchReadiness(app, readiness);
  await app.listen(config.PORT, config.HOST);
  return {
    port: (app.getHttpServer().address() as AddressInfo).port,
    close: async (delayMs = 0) => {
      readiness.drain();
      responses.drain();
      // The balancer needs a moment to see that the clone is unready.
      await delay(delayMs);
      closing.abort();
      await fastify.close();
      await client.close();
      await app.close();
    },
  };
}
