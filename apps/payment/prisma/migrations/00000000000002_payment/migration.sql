-- The bucket of a sharding key: the same as bucketOf of @stoa/sharding.
CREATE FUNCTION stoa_bucket(key text) RETURNS smallint
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN ((get_byte(decode(md5(key), 'hex'), 0) * 256 + get_byte(decode(md5(key), 'hex'), 1)) & 1023)::smallint;

-- Every row is in the bucket of its customer: src/storage/keyspace.ts names the column, and the fence's triggers fill in
-- a bucket that is left out and refuse a wrong one. (No CHECK: it is prepared anew for each statement.)

-- The version of a customer's events. Its row is locked by whoever changes a payment of theirs.
CREATE TABLE payers (
  bucket      smallint NOT NULL,
  customer_id uuid     NOT NULL,
  version     bigint   NOT NULL DEFAULT 0,
  PRIMARY KEY (bucket, customer_id)
) WITH (fillfactor = 70);

-- The payment of an order. Amounts are minor units.
CREATE TABLE payments (
  bucket          smallint    NOT NULL,
  customer_id     uuid        NOT NULL,
  order_id        uuid        NOT NULL,
  currency        text        NOT NULL,
  -- The state and amount of its leading attempt.
  status          text        NOT NULL,
  amount          bigint      NOT NULL,
  captured        bigint      NOT NULL DEFAULT 0,
  refunded        bigint      NOT NULL DEFAULT 0,
  pending_refunds bigint      NOT NULL DEFAULT 0,
  -- Since when something is asked of the provider that it has not done; NULL: nothing is.
  unsettled_since timestamptz,
  created_at      timestamptz NOT NULL,
  updated_at      timestamptz NOT NULL,
  PRIMARY KEY (bucket, customer_id, order_id),
  CONSTRAINT payments_refunds_within_capture CHECK (
    refunded >= 0 AND pending_refunds >= 0 AND captured >= 0 AND refunded + pending_refunds <= captured)
) WITH (fillfactor = 70);

CREATE INDEX payments_order ON payments (order_id);
CREATE INDEX payments_list ON payments (created_at, order_id);
CREATE INDEX payments_unsettled ON payments (unsettled_since, order_id) WHERE unsettled_since IS NOT NULL;

-- An attempt to pay an order.
CREATE TABLE attempts (
  bucket         smallint    NOT NULL,
  customer_id    uuid        NOT NULL,
  order_id       uuid        NOT NULL,
  attempt_id     uuid        NOT NULL,
  provider       text        NOT NULL,
  method         text        NOT NULL,
  amount         bigint      NOT NULL CHECK (amount > 0),
  status         text        NOT NULL,
  reason         text,
  reference      text,
  page           text,
  action_url     text,
  card_brand     text,
  card_last4     text CHECK (card_last4 ~ '^\d{4}$'),
  is_open        boolean     NOT NULL,
  wanted         text,
  capture_amount bigint,
  captured       bigint      NOT NULL DEFAULT 0 CHECK (captured BETWEEN 0 AND amount),
  -- What asking the provider once more takes; NULL once it has replied.
  request        jsonb,
  created_at     timestamptz NOT NULL,
  updated_at     timestamptz NOT NULL,
  -- When the provider is asked next.
  due_at         timestamptz,
  tries          integer     NOT NULL DEFAULT 0,
  PRIMARY KEY (bucket, customer_id, order_id, attempt_id)
) WITH (fillfactor = 70);

CREATE INDEX attempts_due ON attempts (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE refunds (
  bucket      smallint    NOT NULL,
  customer_id uuid        NOT NULL,
  order_id    uuid        NOT NULL,
  refund_id   uuid        NOT NULL,
  attempt_id  uuid        NOT NULL,
  amount      bigint      NOT NULL CHECK (amount > 0),
  status      text        NOT NULL,
  reason      text        NOT NULL,
  reference   text,
  created_at  timestamptz NOT NULL,
  updated_at  timestamptz NOT NULL,
  due_at      timestamptz,
  tries       integer     NOT NULL DEFAULT 0,
  -- How often the provider said 500: each gets an idempotency key of its own.
  errors      integer     NOT NULL DEFAULT 0,
  PRIMARY KEY (bucket, customer_id, order_id, refund_id)
) WITH (fillfactor = 70);

CREATE INDEX refunds_due ON refunds (due_at) WHERE due_at IS NOT NULL;

-- Events of the provider that were applied: each once.
CREATE TABLE provider_events (
  bucket      smallint    NOT NULL,
  customer_id uuid        NOT NULL,
  event_id    text        NOT NULL,
  type        text        NOT NULL,
  attempt_id  uuid        NOT NULL,
  applied_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (bucket, customer_id, event_id)
);

CREATE INDEX provider_events_applied ON provider_events (applied_at);
