/** Internals that `bench/` measures one by one. Services have no use for them. */
export { purgeExpired } from './background/purge-expired.js';
export { claim, finish, recordAll } from './inbox/inbox.js';
export { OutboxRelay } from './outbox/outbox-relay.js';
