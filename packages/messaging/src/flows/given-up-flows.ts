import { OperationError } from '@stoa/contract-kit';
import type { Sql } from '@stoa/postgres';
import { unpark, type ParkedEvent } from '../parked-events/parked-events.js';
import { businessErrorReply } from '../protocol/business-errors.js';
import type { FlowRun, GivenUpFlow } from './flow-rows.js';

/** Under which flows stand that were given up among the events that operators see, without the prefix. */
export const flowsTopic = (service: string): string => `${service}.flows`;

export const isFlowsTopic = (topic: string): boolean => topic.endsWith('.flows');

// The offset is no place in a topic, but must be the flow's own: 60 bits of its id's hash.
const PARK = `INSERT INTO parked_events
    (bucket, topic, kafka_partition, kafka_offset, type, key, headers, body, reason, attempts)
  SELECT $1, $2, 0, ('x' || substr(md5($3::uuid::text), 1, 15))::bit(60)::bigint, $4, $5, $6, $7, $8, $9
  ON CONFLICT DO NOTHING`;

/** Puts a flow that was given up on the operators' list, in the transaction that gives it up. */
export async function parkFlow(
  tx: Sql,
  service: string,
  { bucket, id }: FlowRun,
  { operation, key, input, caller, attempts }: GivenUpFlow,
  reason: string,
): Promise<void> {
  const headers = JSON.stringify({ id, caller });
  const body = Buffer.from(input);
  const why = reason.replaceAll('\0', '\ufffd');
  await tx.query(PARK, [bucket, flowsTopic(service), id, operation, key, headers, body, why, attempts]);
}

// Replies of its steps are kept for two days, here and elsewhere: behind that, a run would do them again.
const AGAIN = `UPDATE flows SET status = 'running', due_at = clock_timestamp(),
    give_up_at = clock_timestamp() + interval '24 hours'
  WHERE bucket = $1 AND flow_id = $2 AND status = 'given up' AND created_at > now() - interval '46 hours' RETURNING 1`;
const LIST = 'SELECT * FROM parked_events WHERE bucket = $1 AND topic = $2 AND key = $3 ORDER BY id FOR UPDATE';

/** The outcome of a replay of flows. */
export interface FlowsReplayed {
  readonly replayed: number;
  readonly failed: { readonly id: string; readonly reason: string } | undefined;
}

/** Has the flows of a key that were given up run again; for another day. */
export async function replayFlows(
  tx: Sql,
  { bucket, topic, key }: { readonly bucket: number; readonly topic: string; readonly key: string },
): Promise<FlowsReplayed> {
  const { rows } = await tx.query<{ id: string; headers: { id: string } }>(LIST, [bucket, topic, key]);
  let replayed = 0;
  let failed: FlowsReplayed['failed'];
  for (const { id, headers } of rows) {
    const again = await tx.query(AGAIN, [bucket, headers.id]);
    if (again.rows.length > 0) {
      await unpark(tx, { bucket, id });
      replayed += 1;
    } else {
      failed ??= {
        id,
        reason: 'it began over 46 hours ago: its steps would be done again. Mend it by hand, then drop it',
      };
    }
  }
  return { replayed, failed };
}

const DROPPED = businessErrorReply(new OperationError('UNAVAILABLE', 'An operator gave this request up'));
const DROP = `UPDATE flows SET status = 'dropped', reply = $3,
    ended_at = CASE WHEN is_forgotten THEN '-infinity' ELSE now() END
  WHERE bucket = $1 AND flow_id = $2 AND status = 'given up'`;

/** Ends a flow that was given up. */
export async function dropFlow(tx: Sql, { bucket, headers }: ParkedEvent): Promise<void> {
  await tx.query(DROP, [bucket, headers['id'], DROPPED.body]);
}
