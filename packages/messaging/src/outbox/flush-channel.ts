/**
 * The channel on which a leader listens: `SELECT pg_notify('stoa_outbox', '')` makes it empty the outbox at once, for a
 * mover that has fenced buckets and waits. Commands don't notify, since NOTIFY makes commits queue up behind each
 * other.
 */
export const FLUSH_CHANNEL = 'stoa_outbox';
