import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { StoaClient } from '@stoa/messaging';
import { messagingOptions, metrics, NestLog, type Logger, type Readiness } from '@stoa/service';
import { InvalidateByEvents } from './cache/invalidate-by-events.js';
import { MemoryCache } from './cache/memory-cache.js';
import type { GatewayConfig } from './config.js';
import { Contracts } from './services/contracts.js';
import { GatewayModule } from './gateway.module.js';
import { catchAll } from './server/catch-all.js';
import { allowOrigins } from './server/cors.js';
import { createAdapter } from './server/create-adapter.js';
import { FastLane } from './server/memory-hits.js';
import { RequestLog } from './server/request-log.js';
import { EndSessions } from './identity/end-sessions.js';
import { Revocations } from './identity/revocations.js';
import { SigningKeys } from './identity/signing-keys.js';
import { CloneCount } from './limits/clone-count.js';
import type { Answer } from './requests/operation-response.js';
import type { Exchange } from './http/exchange.js';
import { HandleRequest } from './requests/handle-request.js';
import { Housekeeping } from './storage/purge-expired.js';
import { RedisConnection } from './storage/redis-connection.js';

/** A running clone of the gateway. */
export interface Gateway {
  /** The port it listens on (what 0 became). */
  readonly port: number;
  /** Takes no more connections, finishes what is in flight, and closes everything. `delayMs`: how long it still takes requests first. */
  close(delayMs?: number): Promise<void>;
}

export interface GatewayOptions {
  readonly config: GatewayConfig;
  readonly logger: Logger;
  readonly readiness: Readiness;
  /** Messaging can't go on, and neither can the process. */
  readonly onFatal: (error: Error) => void;
}

const RETRY_MS = 1_000;

/** What runs beside requests. Nothing of it has to succeed for the clone to listen: it becomes ready as they do. */
const PARTS = [
  ...[RedisConnection, SigningKeys, Revocations, CloneCount, Housekeeping],
  ...[Contracts, InvalidateByEvents, EndSessions],
];

function connectToKafka(client: StoaClient, logger: Logger): void {
  client.connect().catch((error: unknown) => {
    logger.warn({ err: error }, 'Kafka is away: trying again');
    setTimeout(() => connectToKafka(client, logger), RETRY_MS).unref();
  });
}

/**
 * Ready once contracts and signing keys are known and Kafka is connected. It stays ready when Kafka goes away later: that
 * is so for all clones at once, and a balancer without a server can give neither stale answers nor a problem that says why.
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
  showConnection('stoa_kafka_connected', 'requests can be sent and replies can arrive', () => client.isReady());
  const redis = app.get(RedisConnection);
  showConnection('stoa_redis_connected', 'the shared cache and the common rate limits are used', () => redis.isThere);
}

function showConnection(name: string, what: string, isThere: () => boolean): void {
  metrics.gauge({
    name,
    help: `1 while ${what}`,
    collect() {
      this.set(isThere() ? 1 : 0);
    },
  });
}

/** Of the 128 requests that HAProxy gives a gateway at a time: a service or shard that is slow leaves the rest to the others. */
const MOST_IN_FLIGHT = 96;

async function createApp({ config, logger, readiness, onFatal }: GatewayOptions, lane: FastLane) {
  const messaging = { ...messagingOptions('gateway', config, logger, onFatal), mostInFlight: MOST_IN_FLIGHT };
  const module = GatewayModule.with({ config, logger, readiness, messaging });
  return NestFactory.create<NestFastifyApplication>(module, createAdapter(config, lane), {
    bodyParser: false,
    logger: new NestLog(logger),
    abortOnError: false,
  });
}

/** Starts a clone. It listens at once. */
export async function runGateway(options: GatewayOptions): Promise<Gateway> {
  const { config, logger, readiness } = options;
  const lane = new FastLane();
  const app = await createApp(options, lane);
  const fastify = app.getHttpAdapter().getInstance();
  if (config.CORS_ORIGINS) allowOrigins(fastify, config.CORS_ORIGINS);
  let draining = false;
  const handler = app.get(HandleRequest);
  const handle = (exchange: Exchange): Promise<Answer> => handler.handle(exchange);
  await fastify.register(catchAll({ handle, log: app.get(RequestLog), config, isDraining: () => draining }));
  lane.open(app.get(MemoryCache), config.CORS_ORIGINS !== undefined);
  for (const part of PARTS) app.get<{ start(): void }>(part).start();
  const client = app.get(StoaClient);
  connectToKafka(client, logger);
  watchReadiness(app, readiness);
  await app.listen(config.PORT, config.HOST);
  return {
    port: (app.getHttpServer().address() as AddressInfo).port,
    close: async (delayMs = 0) => {
      readiness.drain();
      draining = true;
      lane.drain();
      // The balancer needs a moment to see that the clone is unready.
      await delay(delayMs);
      await fastify.close();
      await client.close();
      await app.close();
    },
  };
}
