-- Durable flows of @stoa/messaging, for PostgreSQL 16 and later. Their requests are kept until they end, in the bucket of
-- their key, with which they move.
CREATE TABLE flows (
  bucket           smallint    NOT NULL,
  -- The command's id: steps and calls derive theirs from it.
  flow_id          uuid        NOT NULL,
  operation        text        NOT NULL,
  -- The oldest version of the contract whose clones know this request.
  contract_version integer     NOT NULL,
  -- The record key: erasing a customer finds their flows by it.
  key              text        NOT NULL,
  -- The input's JSON as it was sent, and the hash by which a retry is known from another request under the same id.
  input            text        NOT NULL,
  body_hash        bytea       NOT NULL,
  -- Who called, as JSON: the steps are theirs in every run.
  caller           text        NOT NULL,
  traceparent      text,
  -- 'running', 'given up', or how it ended: 'ok', 'error', 'dropped'.
  status           text        NOT NULL DEFAULT 'running',
  reply            text,
  -- How often a clone began to run it. What an earlier run says of when to try again counts no more.
  attempts         integer     NOT NULL DEFAULT 0,
  -- Until then it is left to the clone that runs it; from then on any clone takes it up.
  due_at           timestamptz NOT NULL,
  give_up_at       timestamptz NOT NULL DEFAULT now() + interval '24 hours',
  -- The last fault.
  reason           text,
  -- Its customer was erased while it ran: it is deleted at the first purge behind its end.
  is_forgotten     boolean     NOT NULL DEFAULT false,
  created_at       timestamptz NOT NULL DEFAULT now(),
  ended_at         timestamptz,
  PRIMARY KEY (bucket, flow_id)
) WITH (
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_analyze_scale_factor = 0.2
);
-- Every clone asks once a second for flows that are due.
CREATE INDEX flows_due ON flows (due_at) WHERE status = 'running';
-- The purge of flows that ended reads this from its left end.
CREATE INDEX flows_ended ON flows (ended_at) WHERE ended_at IS NOT NULL;
