import { Global, Module, type DynamicModule } from '@nestjs/common';
import { toDocument } from '@stoa/contract-kit';
import { MESSAGING_OPTIONS, MessagingModule, StoaClient, type MessagingOptions } from '@stoa/messaging';
import { CONFIG, LOGGER, Readiness, type Logger } from '@stoa/service';
import { Audit } from './audit/audit.js';
import { ReadTrail } from './audit/read-trail.js';
import { SecurityLog } from './audit/security-log.js';
import { BuiltinOperations } from './builtin/builtin-operations.js';
import { builtinContract } from './builtin/contract.js';
import { CheckSignIn } from './builtin/check-sign-in.js';
import { ListAudit } from './builtin/list-audit.js';
import { ListContracts } from './builtin/list-contracts.js';
import { EndOtherSessions, EndSession, ListSessions } from './builtin/my-sessions.js';
import { ProveIdentity } from './builtin/prove-identity.js';
import { GatherPersonalData, GetMyPersonalData, GetPersonalData } from './builtin/personal-data.js';
import { RefreshSession } from './builtin/refresh-session.js';
import { SignInHooks } from './builtin/sign-in-hooks.js';
import { SignIn } from './builtin/sign-in.js';
import { SignOut } from './builtin/sign-out.js';
import { StartGuest } from './builtin/start-guest.js';
import { FreshAges } from './cache/fresh-ages.js';
import { CachedQuery } from './cache/cached-query.js';
import { InvalidateByEvents } from './cache/invalidate-by-events.js';
import { MemoryCache } from './cache/memory-cache.js';
import { RedisCache } from './cache/redis-cache.js';
import { CallOperation } from './calls/call-operation.js';
import { SealSecrets } from './calls/seal-secrets.js';
import { REQUESTS } from './calls/request-port.js';
import type { GatewayConfig } from './config.js';
import { DocsController } from './docs/docs.controller.js';
import { Documents } from './docs/documents.js';
import { ReferencePage } from './docs/reference-page.js';
import { HealthController } from './health/health.controller.js';
import { ResponseSender } from './http/response-sender.js';
import { Devices } from './identity/devices.js';
import { EndSessions } from './identity/end-sessions.js';
import { JwksController } from './identity/jwks.controller.js';
import { MySessions } from './identity/my-sessions.js';
import { Revocations } from './identity/revocations.js';
import { Sessions } from './identity/sessions.js';
import { SigningKeys } from './identity/signing-keys.js';
import { Tokens } from './identity/tokens.js';
import { BodyMemory } from './input/body-memory.js';
import { CloneCount } from './limits/clone-count.js';
import { RateLimits } from './limits/rate-limits.js';
import { Strangers } from './limits/strangers.js';
import { KafkaMessages } from './messages/kafka-messages.js';
import { MESSAGES } from './messages/messages-port.js';
import { HandleRequest } from './requests/handle-request.js';
import { RunForCaller } from './requests/run-for-caller.js';
import { RequestLog } from './server/request-log.js';
import { ContractStore } from './services/contract-store.js';
import { BUILTIN_DOCUMENT, Contracts } from './services/contracts.js';
import { GatewayDatabase } from './storage/gateway-database.js';
import { PurgeExpired } from './storage/purge-expired.js';
import { RedisConnection } from './storage/redis-connection.js';

const storage = [GatewayDatabase, RedisConnection, PurgeExpired];
const services = [
  Contracts,
  ContractStore,
  { provide: MESSAGES, useClass: KafkaMessages },
  { provide: BUILTIN_DOCUMENT, useFactory: () => toDocument(builtinContract) },
];
const identity = [SigningKeys, Devices, Tokens, Revocations, Sessions, MySessions, EndSessions];
const cache = [FreshAges, MemoryCache, RedisCache, CachedQuery, InvalidateByEvents];
const limits = [RateLimits, Strangers, CloneCount];
const requests = [
  HandleRequest,
  BodyMemory,
  RunForCaller,
  CallOperation,
  SealSecrets,
  Audit,
  ReadTrail,
  SecurityLog,
  RequestLog,
  { provide: REQUESTS, useExisting: StoaClient },
];
const builtin = [
  BuiltinOperations,
  StartGuest,
  SignIn,
  RefreshSession,
  SignOut,
  ListAudit,
  GatherPersonalData,
  GetMyPersonalData,
  GetPersonalData,
  ListContracts,
  SignInHooks,
  CheckSignIn,
  ProveIdentity,
  ListSessions,
  EndSession,
  EndOtherSessions,
];
const docs = [Documents, ReferencePage];

/** The objects that exist before the modules of a clone, and that they share. */
export interface Dependencies {
  readonly config: GatewayConfig;
  readonly logger: Logger;
  readonly readiness: Readiness;
  readonly messaging: MessagingOptions;
  readonly responses: ResponseSender;
}

/** Provides the dependencies to every module. */
@Global()
@Module({})
class DependenciesModule {
  static of({ config, logger, readiness, messaging, responses }: Dependencies): DynamicModule {
    const providers = [
      { provide: CONFIG, useValue: config },
      { provide: LOGGER, useValue: logger },
      { provide: Readiness, useValue: readiness },
      { provide: MESSAGING_OPTIONS, useValue: messaging },
      { provide: ResponseSender, useValue: responses },
    ];
    return { module: DependenciesModule, providers, exports: providers.map(({ provide }) => provide) };
  }
}

/**
 * The gateway's table of contents. The controllers serve fixed paths; every other request comes in by one catch-all
 * route (server/catch-all.ts) and goes to the operation that the contracts in force name.
 */
@Module({})
export class GatewayModule {
  static with(dependencies: Dependencies): DynamicModule {
    return {
      module: GatewayModule,
      imports: [DependenciesModule.of(dependencies), MessagingModule.client()],
      controllers: [HealthController, JwksController, DocsController],
      providers: [...storage, ...services, ...identity, ...cache, ...limits, ...requests, ...builtin, ...docs],
    };
  }
}
