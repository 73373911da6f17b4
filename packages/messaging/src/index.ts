// The package's face to services and the gateway, by subject. Tests and benchmarks get more from
// '@stoa/messaging/testing'.

// Handlers of a service's operations, and what each gets.
export type {
  BatchContext,
  BatchHandler,
  CommandContext,
  Flow,
  FlowContext,
  Handler,
  QueryContext,
  StepRules,
} from './api/handlers.js';
export type { Caller, ErrorBody, IncomingReply, OutgoingRequest } from './api/requests.js';
export type { CommandReply } from './api/command-execution.js';

// Subscriptions to other services' events and states.
export { onEvent, onState, type EventOptions } from './nest/subscriptions.js';
export type { EventContext, EventHandler, KeyState, StateHandler, Subscription } from './api/subscriptions.js';

// The Nest module, the transport, and what a process provides to them.
export { KAFKA_PORT, MessagingModule, stoaTransport, type ServeOptions } from './nest/messaging-module.js';
export { DATABASE } from './api/database.js';
export { MESSAGING_OPTIONS, type MessageContext, type MessagingMetrics, type MessagingOptions } from './api/options.js';
export { StoaClient } from './client/stoa-client.js';
export { StoaServer } from './server/stoa-server.js';
export { messagingMigrations } from './migrations.js';
export { DeadLetters, type ParkedPage, type Replay } from './dead-letters/dead-letters.js';
export type { ParkedAt, ParkedEvent } from './parked-events/parked-events.js';

// Ids and keys.
export { deriveId, newId } from './protocol/ids.js';
export { letsIn, type CallerRules } from './protocol/caller-rule.js';
export { keyOf } from './protocol/key-of.js';

// Storage classes that publish in a transaction of their own, or decide about commands of others.
export {
  isOutboxLong,
  messageRow,
  retractionRow,
  writeOutbox,
  type MessageOrigin,
  type OutboxRow,
} from './outbox/outbox.js';
export { closeCommand, findReply, purgeReplies, type Closed } from './inbox/inbox.js';
export { inTransaction } from './commands/command-run.js';
export { purgeFlows } from './flows/flow-rows.js';
export { businessErrorReply, unwrapReply } from './protocol/business-errors.js';

// A process that follows services without being one: the gateway.
export { sealFields, type SealingKey } from './sealing/sealed-fields.js';
export { topicNames, type TopicNames } from './protocol/topics.js';
export { tailEvents, type EventTail, type TailedEvent } from './contracts/tail-events.js';
export { watchContracts, type ContractListener, type ContractWatch } from './contracts/watch-contracts.js';
