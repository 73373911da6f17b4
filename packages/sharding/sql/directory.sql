-- The directory: which shard holds which bucket, and which moves are under way. A small database of its own, for
-- PostgreSQL 16 and later. Applied by installDirectory(); running it again changes nothing.
--
-- A schema of its own keeps these tables out of sight of an application's migrations.
CREATE SCHEMA IF NOT EXISTS sharding;

CREATE TABLE IF NOT EXISTS sharding.keyspaces (
  keyspace text   PRIMARY KEY CHECK (keyspace ~ '^[a-z][a-z0-9_-]{0,30}$'),
  -- Grows with every change of who holds what: a client that polls sees by one number whether its map is stale.
  version  bigint NOT NULL DEFAULT 1
);

CREATE TABLE IF NOT EXISTS sharding.shards (
  keyspace  text NOT NULL REFERENCES sharding.keyspaces,
  shard     text NOT NULL CHECK (shard ~ '^[a-z][a-z0-9_-]{0,30}$'),
  -- How services reach it, under a role that can neither TRUNCATE nor switch triggers off.
  url       text NOT NULL,
  -- How the mover reaches it, and how the other shards do to replicate from it. Not granted to services.
  admin_url text NOT NULL,
  PRIMARY KEY (keyspace, shard)
);
-- True while it is being emptied, and afterwards: a rebalance brings it nothing.
ALTER TABLE sharding.shards ADD COLUMN IF NOT EXISTS draining boolean NOT NULL DEFAULT false;

-- Which services may see which shards' URLs, which hold passwords: a service that reads the map learns how to reach its
-- own data, and no other service's. The owner of these tables is not bound by it. '*': all keyspaces.
CREATE TABLE IF NOT EXISTS sharding.readers (
  role     name NOT NULL,
  keyspace text NOT NULL,
  PRIMARY KEY (role, keyspace)
);
ALTER TABLE sharding.shards ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS own_keyspaces ON sharding.shards;
CREATE POLICY own_keyspaces ON sharding.shards FOR SELECT USING (EXISTS (
  SELECT FROM sharding.readers AS r WHERE r.role = current_user AND r.keyspace IN (shards.keyspace, '*')));

-- A move of buckets from one shard to another. The phase is what has been reached; README.md draws the states.
CREATE TABLE IF NOT EXISTS sharding.moves (
  id          uuid        PRIMARY KEY,
  keyspace    text        NOT NULL,
  source      text        NOT NULL,
  destination text        NOT NULL,
  buckets     smallint[]  NOT NULL,
  phase       text        NOT NULL DEFAULT 'planned' CHECK (phase IN ('planned', 'copying', 'catching up', 'fencing',
                'switched', 'active', 'unsubscribed', 'purged', 'done', 'aborting', 'aborted')),
  -- Grows with every mover that runs the move. The shards know the newest one and refuse all others.
  attempt     bigint      NOT NULL DEFAULT 0,
  -- What a mover that resumes, or a reader, wants to know: ids, times, counts, the result of the comparison.
  info        jsonb       NOT NULL DEFAULT '{}',
  planned_at  timestamptz NOT NULL DEFAULT now(),
  changed_at  timestamptz NOT NULL DEFAULT now(),
  FOREIGN KEY (keyspace, source) REFERENCES sharding.shards,
  FOREIGN KEY (keyspace, destination) REFERENCES sharding.shards,
  CHECK (source <> destination)
);
-- An operator holds it: no mover goes on before the switch, and no supervisor resumes it.
ALTER TABLE sharding.moves ADD COLUMN IF NOT EXISTS paused_at timestamptz;
-- Who asked for it, for people.
ALTER TABLE sharding.moves ADD COLUMN IF NOT EXISTS requested_by text;

-- A rebalance or a drain that runs in a service's clone. Only what was asked for is kept: what is left to do follows
-- from the map, so whoever takes it up after a crash computes it anew.
CREATE TABLE IF NOT EXISTS sharding.runs (
  id           uuid        PRIMARY KEY,
  kind         text        NOT NULL CHECK (kind IN ('rebalance', 'drain', 'verify')),
  options      jsonb       NOT NULL,
  state        text        NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'stopping', 'stopped',
                 'done', 'failed')),
  requested_by text,
  -- How far it is, or what came of it.
  progress     jsonb       NOT NULL DEFAULT '{}',
  created_at   timestamptz NOT NULL DEFAULT now(),
  changed_at   timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS sharding.bucket_map (
  keyspace text     NOT NULL,
  bucket   smallint NOT NULL CHECK (bucket BETWEEN 0 AND 1023),
  shard    text     NOT NULL,
  -- Grows by one with each switch. Of two shards that claim a bucket, the higher epoch is right.
  epoch    bigint   NOT NULL DEFAULT 1,
  -- The move that has reserved the bucket: two moves never touch the same one.
  move_id  uuid     REFERENCES sharding.moves,
  PRIMARY KEY (keyspace, bucket),
  FOREIGN KEY (keyspace, shard) REFERENCES sharding.shards
);

-- What each shard's server must be to be believed: a copy of its data from before a switch, a dump that was loaded, and
-- a standby that missed a switch all say that they own what they owned then. A table beside `shards`, whose changes are
-- announced.
CREATE TABLE IF NOT EXISTS sharding.incarnations (
  keyspace text   NOT NULL,
  shard    text   NOT NULL,
  -- As sharding.server_identity() and sharding.server_timeline() of shard.sql.
  server   text   NOT NULL,
  timeline text   NOT NULL,
  -- The least that the shard's own count of switches must be. The shard counts first, then the directory follows: at
  -- the latest by the transaction that switches the map.
  switches bigint NOT NULL,
  PRIMARY KEY (keyspace, shard),
  FOREIGN KEY (keyspace, shard) REFERENCES sharding.shards ON DELETE CASCADE
);
-- No secret, and the schema is open to services only.
GRANT SELECT ON sharding.incarnations TO PUBLIC;

CREATE OR REPLACE FUNCTION sharding.announce(changed text) RETURNS void LANGUAGE sql
BEGIN ATOMIC
  UPDATE sharding.keyspaces SET version = version + 1 WHERE keyspace = changed;
  SELECT pg_notify('sharding', changed);
END;

-- Per statement, not per row: a switch changes dozens of buckets, and clients need to hear of it once.
CREATE OR REPLACE FUNCTION sharding.map_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM sharding.announce(keyspace) FROM (SELECT DISTINCT keyspace FROM after_rows) AS changed;
  ELSE
    -- Reserving a bucket for a move changes nothing for clients.
    PERFORM sharding.announce(keyspace) FROM (
      SELECT DISTINCT keyspace FROM after_rows AS a JOIN before_rows AS b USING (keyspace, bucket)
      WHERE a.shard <> b.shard OR a.epoch <> b.epoch) AS changed;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER map_inserted AFTER INSERT ON sharding.bucket_map
  REFERENCING NEW TABLE AS after_rows FOR EACH STATEMENT EXECUTE FUNCTION sharding.map_changed();
CREATE OR REPLACE TRIGGER map_updated AFTER UPDATE ON sharding.bucket_map
  REFERENCING NEW TABLE AS after_rows OLD TABLE AS before_rows
  FOR EACH STATEMENT EXECUTE FUNCTION sharding.map_changed();

CREATE OR REPLACE FUNCTION sharding.shards_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM sharding.announce(coalesce(NEW.keyspace, OLD.keyspace));
  RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER shards_changed AFTER INSERT OR UPDATE OR DELETE ON sharding.shards
  FOR EACH ROW EXECUTE FUNCTION sharding.shards_changed();
