-- The tables of @stoa/messaging, for PostgreSQL 16 and later. Every service's first migration holds them verbatim:
-- they must live in the same database as the service's own tables, because a command's effect, its reply and its
-- events are one transaction.

-- One row per command, and the first thing that its transaction writes: a second delivery waits on it, then finds the
-- first one's reply here. `bucket` leads the key because the row moves with its bucket to another shard.
CREATE TABLE inbox (
  bucket     smallint    NOT NULL,
  command_id uuid        NOT NULL,
  -- The record key (a customer's id): erasing a customer finds the replies about them by it.
  key        text        NOT NULL,
  -- The same id with another body is a client's mistake, not a retry.
  body_hash  bytea       NOT NULL,
  -- 'working' is seen by the writing transaction alone: it commits as 'ok' or 'error'. No CHECK says so, because Postgres
  -- compiles checks anew for each statement: with one, a command cost 10% more CPU.
  status     text        NOT NULL DEFAULT 'working',
  -- The reply's JSON as it was sent; text, because a retry must get the same bytes.
  reply      text,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (bucket, command_id)
) WITH (
  -- The row grows by its reply before the commit: free space in its page keeps that a heap-only update, without new
  -- index entries.
  fillfactor = 50,
  -- Purged in batches all day long; the default (a fifth of the table dead) would let days of garbage gather.
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_insert_scale_factor = 0.1,
  autovacuum_analyze_scale_factor = 0.2
);
-- The purge of rows older than 48 hours reads this from its left end. New rows always go to the right end of the
-- B-tree, its cheapest insert. (BRIN would be cheaper still at first, but loses its order once purged pages are reused.)
CREATE INDEX inbox_created_at ON inbox (created_at);

-- Events and states on their way to Kafka: inserted by commands, relayed in the order of `id`, deleted when Kafka has
-- them. Of one key, ids are in the order of the commits, because a writer holds the key's row while it inserts. So the
-- identity must keep CACHE 1: cached values would hand a later writer a smaller id.
CREATE TABLE outbox (
  id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- A move drains the rows of its buckets before it switches. Not indexed: the table is nearly empty at all times.
  bucket     smallint    NOT NULL,
  -- Without the deployment's prefix.
  topic      text        NOT NULL,
  key        text        NOT NULL,
  version    bigint      NOT NULL,
  headers    jsonb       NOT NULL,
  -- JSON; null says that the key's state is gone.
  body       text,
  created_at timestamptz NOT NULL DEFAULT now()
) WITH (
  -- A queue: every row dies within a second. Vacuum by count, not by share of a table that is empty, and unthrottled;
  -- else the relay's scan from the left end of the index wades through dead entries.
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 2000,
  autovacuum_vacuum_cost_delay = 0,
  -- Statistics would say "empty" or "full" by chance of the moment; the relay's queries read by primary key anyway.
  autovacuum_analyze_scale_factor = 0,
  autovacuum_analyze_threshold = 1000000
);

-- The last version handled of each key of the events that this service listens to: what is not newer is a duplicate.
CREATE TABLE event_versions (
  bucket     smallint    NOT NULL,
  topic      text        NOT NULL,
  -- The event's name: two events of one key may carry the same version when one command published both.
  type       text        NOT NULL,
  key        text        NOT NULL,
  version    bigint      NOT NULL,
  -- Rows that outlived the topic's retention are purged: their duplicates can't come any more.
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (bucket, topic, type, key)
) WITH (
  -- Updated in place once per event; no other column is indexed, so with free space these are heap-only updates.
  fillfactor = 80,
  autovacuum_vacuum_scale_factor = 0.02
);

-- Events that could not be handled, and behind each the later events of its key, in order, until an operator replays
-- or drops them.
CREATE TABLE parked_events (
  bucket          smallint    NOT NULL,
  -- Grows in the order in which events were parked.
  id              bigint      GENERATED ALWAYS AS IDENTITY,
  topic           text        NOT NULL,
  kafka_partition integer     NOT NULL,
  kafka_offset    bigint      NOT NULL,
  type            text        NOT NULL,
  key             text        NOT NULL,
  -- Null where the record has none that can be read.
  version         bigint,
  headers         jsonb       NOT NULL,
  -- Bytes: what is parked may be no text at all.
  body            bytea,
  -- Why it could not be handled; null: it only waits behind another of its key.
  reason          text,
  attempts        integer     NOT NULL DEFAULT 0,
  parked_at       timestamptz NOT NULL DEFAULT now(),
  -- Two shards count alike: a row that moves may meet its id in another bucket.
  PRIMARY KEY (bucket, id),
  -- A record that is delivered twice is parked once.
  UNIQUE (topic, kafka_partition, kafka_offset)
);
-- Each event asks first whether others of its key are parked, and a replay reads a key's events in order.
CREATE INDEX parked_events_key ON parked_events (bucket, topic, key, id);

-- How far this database's copy of other services' states has come. Stored with the copy itself, not in Kafka, so that
-- both move in one transaction and a new database fills itself from the beginning.
CREATE TABLE state_offsets (
  topic           text        NOT NULL,
  kafka_partition integer     NOT NULL,
  next_offset     bigint      NOT NULL,
  updated_at      timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (topic, kafka_partition)
) WITH (
  -- A few rows, updated many times a second: keep them in their page.
  fillfactor = 20,
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 500
);
