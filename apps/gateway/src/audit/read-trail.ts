import { Injectable } from '@nestjs/common';
import { GatewayDatabase } from '../storage/gateway-database.js';

/** An entry of the audit trail, with its outcome where there is one. */
export interface TrailEntry {
  readonly id: string;
  readonly at: string;
  readonly operatorId: string;
  readonly kind: 'command' | 'query';
  readonly operation: string;
  readonly input: Record<string, unknown>;
  readonly address: string;
  readonly traceId: string;
  readonly status: number | null;
  readonly errorCode: string | null;
}

/** The entries that are wanted: of one operator, or that name one customer, before a certain one. */
export interface TrailFilter {
  readonly operatorId?: string | undefined;
  readonly customerId?: string | undefined;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/** ReadTrail reads the audit trail, the latest first: ids of entries are in the order of time (UUIDv7). */
@Injectable()
export class ReadTrail {
  constructor(private readonly database: GatewayDatabase) {}

  /** @throws HttpProblem 503 while the database can't be reached */
  read({
    operatorId = undefined,
    customerId = undefined,
    cursor = undefined,
    limit,
  }: TrailFilter): Promise<TrailEntry[]> {
    return this.database.transaction(
      (tx) =>
        tx.$queryRaw<TrailEntry[]>`
        SELECT e.id::text, to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at,
               e.operator_id::text AS "operatorId", e.kind, e.service || '.' || e.operation AS operation, e.input,
               e.address, e.trace_id AS "traceId", o.status, o.error_code AS "errorCode"
        FROM audit.entries AS e LEFT JOIN audit.outcomes AS o ON o.entry_id = e.id
        WHERE (${operatorId ?? null}::uuid IS NULL OR e.operator_id = ${operatorId ?? null}::uuid)
          AND (${customerId ?? null}::text IS NULL
               OR coalesce(e.input ->> 'customerId', e.input ->> 'id') = ${customerId ?? null})
          AND (${cursor ?? null}::uuid IS NULL OR e.id < ${cursor ?? null}::uuid)
        ORDER BY e.id DESC LIMIT ${limit}::int`,
    );
  }
}
