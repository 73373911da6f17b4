import { Global, Module, type DynamicModule } from '@nestjs/common';
import { MESSAGING_OPTIONS, MessagingModule, StoaClient, type MessagingOptions } from '@stoa/messaging';
import { CONFIG, LOGGER, Readiness, type Logger } from '@stoa/service';
import { Audit } from './audit/audit.js';
import { CachedQuery } from './cache/cached-query.js';
import { InvalidateByEvents } from './cache/invalidate-by-events.js';
import { MemoryCache } from './cache/memory-cache.js';
import { RedisCache } from './cache/redis-cache.js';
import type { GatewayConfig } from './config.js';
import { ContractStore } from './services/contract-store.js';
import { Contracts } from './services/contracts.js';
import { DocsController } from './docs/docs.controller.js';
import { Documents } from './docs/documents.js';
import { ReferencePage } from './docs/reference-page.js';
import { HealthController } from './health/health.controller.js';
import { RequestLog } from './server/request-log.js';
import { EndSessions } from './identity/end-sessions.js';
import { JwksController } from './identity/jwks.controller.js';
import { Revocations } from './identity/revocations.js';
import { Sessions } from './identity/sessions.js';
import { SigningKeys } from './identity/signing-keys.js';
import { Tokens } from './identity/tokens.js';
import { CloneCount } from './limits/clone-count.js';
import { RateLimits } from './limits/rate-limits.js';
import { KafkaFacts } from './messages/kafka-messages.js';
import { ListContracts } from './builtin/list-contracts.js';
import { OwnOperations } from './builtin/builtin-operations.js';
import { RefreshSession } from './builtin/refresh-session.js';
import { RunAtMoment } from './builtin/sign-in-hooks.js';
import { SignIn } from './builtin/sign-in.js';
import { SignOut } from './builtin/sign-out.js';
import { StartGuest } from './builtin/start-guest.js';
import { FACTS, REQUESTS } from './messages/messages-port.js';
import { BodyMemory } from './input/body-memory.js';
import { CallOperation } from './calls/call-operation.js';
import { HandleRequest } from './requests/handle-request.js';
import { RunForCaller } from './requests/run-for-caller.js';
import { GatewayDatabase } from './storage/gateway-database.js';
import { Housekeeping } from './storage/purge-expired.js';
import { RedisConnection } from './storage/redis-connection.js';

const storage = [GatewayDatabase, RedisConnection, Housekeeping];
const contracts = [Contracts, ContractStore, { provide: FACTS, useClass: KafkaFacts }];
const identity = [SigningKeys, Tokens, Revocations, Sessions, EndSessions];
const cache = [MemoryCache, RedisCache, CachedQuery, InvalidateByEvents];
const limits = [RateLimits, CloneCount];
const requests = [
  HandleRequest,
  BodyMemory,
  RunForCaller,
  CallOperation,
  Audit,
  RequestLog,
  { provide: REQUESTS, useExisting: StoaClient },
];
const own = [OwnOperations, StartGuest, SignIn, RefreshSession, SignOut, ListContracts, RunAtMoment];
const docs = [Documents, ReferencePage];

/** What the parts of a clone are made with. */
export interface Surroundings {
  readonly config: GatewayConfig;
  readonly logger: Logger;
  readonly readiness: Readiness;
  readonly messaging: MessagingOptions;
}

/** The configuration, the log and the like, seen by every module. */
@Global()
@Module({})
class SurroundingsModule {
  static of({ config, logger, readiness, messaging }: Surroundings): DynamicModule {
    const providers = [
      { provide: CONFIG, useValue: config },
      { provide: LOGGER, useValue: logger },
      { provide: Readiness, useValue: readiness },
      { provide: MESSAGING_OPTIONS, useValue: messaging },
    ];
    return { module: SurroundingsModule, providers, exports: providers.map(({ provide }) => provide) };
  }
}

/**
 * The gateway's table of contents. The controllers are what it answers itself at fixed paths; everything else comes in
 * by one catch-all route (http/catch-all.ts) and goes where the contracts in force say.
 */
@Module({})
export class GatewayModule {
  static with(surroundings: Surroundings): DynamicModule {
    return {
      module: GatewayModule,
      imports: [SurroundingsModule.of(surroundings), MessagingModule.client()],
      controllers: [HealthController, JwksController, DocsController],
      providers: [...storage, ...contracts, ...identity, ...cache, ...limits, ...requests, ...own, ...docs],
    };
  }
}
