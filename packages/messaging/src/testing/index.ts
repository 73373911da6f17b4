/** For tests and benchmarks only: a service under test, and inner parts that are run without a service around them. */
export { ServiceUnderTest, type AskOptions, type OperationName } from './service-under-test.js';
export type { Class } from '../api/handlers.js';
export { createBackground } from '../background/background-work.js';
export { purgeExpired } from '../background/purge-expired.js';
export { BatchExecutor } from '../commands/batch-executor.js';
export { InboxExecutor } from '../commands/inbox-executor.js';
export { inTransaction } from '../commands/command-run.js';
export { ensureTopics } from '../contracts/ensure-topics.js';
export { claim, finish, recordAll, type InboxKey } from '../inbox/inbox.js';
export { OutboxRelay } from '../outbox/outbox-relay.js';
export { withdrawContract } from '../contracts/publish-contract.js';
export { contractsTopic } from '../protocol/topics.js';
export { bindOperations } from '../server/binding.js';
