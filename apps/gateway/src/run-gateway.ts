import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { StoaClient } from '@stoa/messaging';
import { messagingOptions, NestLog, Readiness, type Logger } from '@stoa/service';
import { InvalidateByEvents } from './cache/invalidate-by-events.js';
import { MemoryCache } from './cache/memory-cache.js';
import type { GatewayConfig } from './config.js';
import { Contracts } from './contracts/contracts.js';
import { GatewayModule } from './gateway.module.js';
import { catchAll } from './http/catch-all.js';
import { allowOrigins } from './http/cors.js';
import { createAdapter } from './http/create-adapter.js';
import { FastLane } from './http/fast-lane.js';
import { RequestLog } from './http/request-log.js';
import { Revocations } from './identity/revocations.js';
import { SigningKeys } from './identity/signing-keys.js';
import { CloneCount } from './limits/clone-count.js';
import { HandleRequest } from './requests/handle-request.js';
import { Housekeeping } from './storage/housekeeping.js';
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

/** Starts what runs beside requests. Nothing of it has to succeed for the clone to listen: it becomes ready as they do. */
function startParts(app: NestFastifyApplication, { readiness, logger }: GatewayOptions): void {
  for (const part of [
    RedisConnection,
    SigningKeys,
    Revocations,
    CloneCount,
    Housekeeping,
    Contracts,
    InvalidateByEvents,
  ])
    app.get<{ start(): void }>(part).start();
  const client = app.get(StoaClient);
  const connect = (): void => {
    client.connect().catch((error: unknown) => {
      logger.warn({ err: error }, 'Kafka is away: trying again');
      setTimeout(connect, RETRY_MS).unref();
    });
  };
  connect();
  const when = (name: string, holds: () => boolean, why: string): void =>
    readiness.watch(
      name,
      async () => {
        if (!holds()) throw new Error(why);
      },
      { everyMs: 250 },
    );
  when('contracts', () => app.get(Contracts).known, 'no contract of any service is known yet');
  when('kafka', () => client.isReady(), 'not connected');
  when('signing keys', () => app.get(SigningKeys).known, 'not read from the database yet');
}

/** Starts a clone: it listens at once, and is ready when it knows contracts and signing keys and is connected to Kafka. */
export async function runGateway(options: GatewayOptions): Promise<Gateway> {
  const { config, logger, readiness, onFatal } = options;
  const lane = new FastLane();
  const adapter = createAdapter(config, lane);
  const messaging = messagingOptions('gateway', config, logger, onFatal);
  const module = GatewayModule.with({ config, logger, readiness, messaging });
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    bodyParser: false,
    logger: new NestLog(logger),
    abortOnError: false,
  });
  let draining = false;
  const fastify = adapter.getInstance();
  if (config.CORS_ORIGINS) allowOrigins(fastify, config.CORS_ORIGINS);
  const handler = app.get(HandleRequest);
  await fastify.register(
    catchAll({
      handle: (exchange) => handler.handle(exchange),
      log: app.get(RequestLog),
      config,
      isDraining: () => draining,
    }),
  );
  lane.open(app.get(MemoryCache), config.CORS_ORIGINS !== undefined);
  startParts(app, options);
  await app.listen(config.PORT, config.HOST);
  return {
    port: (app.getHttpServer().address() as AddressInfo).port,
    close: async (delayMs = 0) => {
      readiness.drain();
      draining = true;
      lane.drain();
      // The balancer needs a moment to see that the clone is unready.
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      await fastify.close();
      await app.get(StoaClient).close();
      await app.close();
    },
  };
}
