-- What each shard knows of itself, and the fence. For PostgreSQL 16 and later. Applied by installShard(); running it
-- again changes nothing.
CREATE SCHEMA IF NOT EXISTS sharding;

-- Which shard this is: a URL that points to the wrong database is noticed before anything is moved.
CREATE TABLE IF NOT EXISTS sharding.identity (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  keyspace text    NOT NULL,
  shard    text    NOT NULL
);

-- The server that agreed with the directory last, and the history (timeline) that it was in.
ALTER TABLE sharding.identity ADD COLUMN IF NOT EXISTS timeline text;
ALTER TABLE sharding.identity ADD COLUMN IF NOT EXISTS server text;
-- Grows whenever a bucket is about to be switched from here or to here. A copy of these data from before a switch knows
-- of fewer than the directory.
ALTER TABLE sharding.identity ADD COLUMN IF NOT EXISTS switches bigint NOT NULL DEFAULT 0;
-- The run of the server in which it was compared with the directory: see was_compared.
ALTER TABLE sharding.identity ADD COLUMN IF NOT EXISTS confirmed_start timestamptz;
ALTER TABLE sharding.identity ADD COLUMN IF NOT EXISTS confirmed_file text;

-- The history that this server writes now, as in the names of its log files. A standby that takes over begins a new
-- one, and so does a server that is restored from a backup: what it last heard of its buckets may be out of date.
CREATE OR REPLACE FUNCTION sharding.server_timeline() RETURNS text LANGUAGE sql STABLE
  RETURN left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 8);

-- This server and this database of it. A dump that is loaded elsewhere, or into a new database here, is in another one.
CREATE OR REPLACE FUNCTION sharding.server_identity() RETURNS text LANGUAGE sql STABLE
  RETURN (SELECT c.system_identifier || '/' || d.oid
          FROM pg_catalog.pg_control_system() AS c, pg_catalog.pg_database AS d
          WHERE d.datname = pg_catalog.current_database());

-- Whether this is the server that agreed with the directory last. A copy of its data folder says so too.
CREATE OR REPLACE FUNCTION sharding.same_server() RETURNS boolean LANGUAGE sql STABLE
  RETURN (SELECT i.server = sharding.server_identity() AND i.timeline = sharding.server_timeline()
          FROM sharding.identity AS i);

-- Whether this server may believe its own owner table: whether it was compared with the directory since it was started.
-- Whatever takes a server's place (a copy, a standby, a restored backup) starts later than the run that its data
-- remember, and a database that takes another one's place on the same server has its tables in other files. Both are in
-- memory: each write and each read asks.
CREATE OR REPLACE FUNCTION sharding.was_compared() RETURNS boolean LANGUAGE sql STABLE
  RETURN (SELECT i.confirmed_start = pg_catalog.pg_postmaster_start_time()
            AND i.confirmed_file = pg_catalog.pg_relation_filepath('sharding.identity')
          FROM sharding.identity AS i);

-- What the fence asks. A fence of the release before has another function of this name: what asks for the comparison
-- itself, as clients of this release do beside such a fence, asks for the one above.
CREATE OR REPLACE FUNCTION sharding.same_history() RETURNS boolean LANGUAGE sql STABLE
  RETURN sharding.was_compared();

-- Names this run of this server.
CREATE OR REPLACE FUNCTION sharding.this_run() RETURNS text LANGUAGE sql STABLE
  RETURN pg_catalog.concat_ws(' ', extract(epoch FROM pg_catalog.pg_postmaster_start_time()),
                              pg_catalog.pg_relation_filepath('sharding.identity'));

-- Which buckets this shard answers for. A bucket without a row was never here.
--   owned   reads and writes
--   fenced  a move is about to switch: reads, but no writes for a moment
--   ready   a move has brought everything, but the source has not let go yet: neither
--   gone    it lives elsewhere
CREATE TABLE IF NOT EXISTS sharding.bucket_owner (
  bucket  smallint PRIMARY KEY CHECK (bucket BETWEEN 0 AND 1023),
  state   text     NOT NULL CHECK (state IN ('owned', 'fenced', 'ready', 'gone')),
  epoch   bigint   NOT NULL,
  move_id uuid
) WITH (
  -- A change of state is then a heap-only update: writers that look a bucket up find it in the same page.
  fillfactor = 50
);

-- The tables that are sharded.
--   moved    its rows go with their bucket
--   drained  a queue (an outbox): only inserts are fenced, and it must be empty before a bucket may switch
CREATE TABLE IF NOT EXISTS sharding.tables (
  name       regclass PRIMARY KEY,
  kind       text     NOT NULL CHECK (kind IN ('moved', 'drained')),
  -- The column that `bucket` is computed from; null where whoever inserts gives the bucket.
  key_column name
);

-- The newest mover of each move that works here. An older one that wakes up finds another number, or no row.
CREATE TABLE IF NOT EXISTS sharding.attempts (
  move_id uuid   PRIMARY KEY,
  attempt bigint NOT NULL
);

-- A row written behind all writes to a bucket: where it can be seen, all of them can, because replication keeps the
-- order of commits. That needs no arithmetic with log positions.
CREATE TABLE IF NOT EXISTS sharding.markers (
  move_id uuid NOT NULL,
  marker  uuid NOT NULL,
  PRIMARY KEY (move_id, marker)
);

-- The state of a bucket for a transaction that reads from one snapshot. A plain read would still see 'owned' there,
-- however long ago the bucket went: the locking read fails with 40001 instead. SECURITY DEFINER because a locking read
-- needs the right to update, which services must not have.
CREATE OR REPLACE FUNCTION sharding.locked_state(wanted smallint) RETURNS text
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS $$ SELECT state FROM sharding.bucket_owner WHERE bucket = wanted FOR SHARE $$;

CREATE OR REPLACE FUNCTION sharding.refuse(wanted smallint, state text) RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF sharding.same_history() IS NOT TRUE THEN
    -- The name tells clients what to do about it.
    RAISE EXCEPTION
      'this server was not compared with the shard map since it was started: it serves no bucket until then'
      USING ERRCODE = 'SH002', CONSTRAINT = 'sharding_confirmed', HINT = 'If no client does so, reconcile the shard.';
  END IF;
  IF state IN ('fenced', 'ready') THEN
    RAISE EXCEPTION 'bucket % is being moved', wanted USING ERRCODE = 'SH002', HINT = 'Try again in a moment.';
  END IF;
  RAISE EXCEPTION 'bucket % is not here', wanted USING ERRCODE = 'SH001', HINT = 'Read the shard map again.';
END $$;

-- Holds a bucket here until the transaction ends, or refuses. The lock comes first, then the look: the mover writes
-- 'fenced' and then waits for this lock, so a transaction has either been waited for or sees 'fenced'. VOLATILE, so
-- that under READ COMMITTED the look has a snapshot taken after the lock. 1398034241 is 'STOA'.
--
-- The lock is tried first because that is an expression, which PL/pgSQL evaluates without a query of its own: a
-- transaction comes by here for every row that it writes.
CREATE OR REPLACE FUNCTION sharding.hold(wanted smallint) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  found_state text;
  known_start timestamptz;
  known_file text;
BEGIN
  IF NOT pg_catalog.pg_try_advisory_xact_lock_shared(1398034241, wanted) THEN
    PERFORM pg_catalog.pg_advisory_xact_lock_shared(1398034241, wanted);
  END IF;
  IF pg_catalog.current_setting('transaction_isolation') IN ('read committed', 'read uncommitted') THEN
    SELECT o.state, i.confirmed_start, i.confirmed_file INTO found_state, known_start, known_file
      FROM sharding.bucket_owner AS o, sharding.identity AS i WHERE o.bucket = wanted;
  ELSE
    SELECT sharding.locked_state(wanted), i.confirmed_start, i.confirmed_file INTO found_state, known_start, known_file
      FROM sharding.identity AS i;
  END IF;
  -- Comparisons that are expressions as well: see was_compared.
  IF found_state = 'owned' AND known_start = pg_catalog.pg_postmaster_start_time()
    AND known_file = pg_catalog.pg_relation_filepath('sharding.identity')
  THEN RETURN; END IF;
  PERFORM sharding.refuse(wanted, found_state);
END $$;

-- Holds several buckets, or none: one that can't be had at once is being moved. In ascending order, so that two
-- transactions never wait for each other.
CREATE OR REPLACE FUNCTION sharding.hold_all(wanted smallint[]) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  one smallint;
  are_here boolean;
BEGIN
  FOREACH one IN ARRAY wanted LOOP
    IF NOT pg_catalog.pg_try_advisory_xact_lock_shared(1398034241, one) THEN
      RAISE EXCEPTION 'bucket % is being moved', one USING ERRCODE = 'SH002', HINT = 'Try again in a moment.';
    END IF;
  END LOOP;
  IF pg_catalog.current_setting('transaction_isolation') IN ('read committed', 'read uncommitted') THEN
    SELECT count(*) = cardinality(wanted) AND sharding.same_history() INTO are_here
      FROM sharding.bucket_owner AS o WHERE o.bucket = ANY (wanted) AND o.state = 'owned';
    IF are_here THEN RETURN; END IF;
  END IF;
  FOREACH one IN ARRAY wanted LOOP
    PERFORM sharding.hold(one);
  END LOOP;
END $$;

-- For one reading statement: `WHERE sharding.readable($1) AND …` is evaluated once, before any row. STABLE, so that it
-- looks through the same snapshot as the rows.
CREATE OR REPLACE FUNCTION sharding.readable(wanted smallint) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
  found_state text;
BEGIN
  SELECT o.state INTO found_state FROM sharding.bucket_owner AS o WHERE o.bucket = wanted;
  IF found_state IN ('owned', 'fenced') AND sharding.same_history() THEN RETURN true; END IF;
  PERFORM sharding.refuse(wanted, found_state);
END $$;

-- For statements over many buckets: `WHERE bucket IN (SELECT bucket FROM sharding.owned_buckets)`. What else is in the
-- table (rows that a move brings or left, orphans) the fence would refuse, and the whole statement with it.
CREATE OR REPLACE VIEW sharding.owned_buckets AS
  SELECT bucket FROM sharding.bucket_owner WHERE state = 'owned';

-- Whether a statement leaves a row of this bucket alone instead of failing: a migration, which can't know of buckets
-- (`SET sharding.pass_by = on`, for the table's owner only). Rows that a move has brought so far get what the migration
-- does at their source. A bucket that is fenced or ready is no such case: its rows would miss the change for good.
CREATE OR REPLACE FUNCTION sharding.passes_by(target oid, wanted smallint) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF NOT pg_has_role((SELECT relowner FROM pg_class WHERE oid = target), 'MEMBER') THEN RETURN false; END IF;
  RETURN sharding.same_history()
    AND coalesce((SELECT state FROM sharding.bucket_owner WHERE bucket = wanted), 'gone') = 'gone';
END $$;

-- The fence itself, before every row that is written. Replication and the mover's purge run as `replica`, where
-- ordinary triggers don't fire. An IF within an IF: one expression with both conditions makes PL/pgSQL spend as much
-- again on each row.
CREATE OR REPLACE FUNCTION sharding.guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF pg_catalog.current_setting('sharding.pass_by', true) = 'on' THEN
      IF sharding.passes_by(TG_RELID, OLD.bucket) THEN RETURN NULL; END IF;
    END IF;
    PERFORM sharding.hold(OLD.bucket);
    RETURN OLD;
  END IF;
  IF TG_OP = 'UPDATE' AND NEW.bucket <> OLD.bucket THEN
    RAISE EXCEPTION 'a row of % can''t change its bucket', TG_TABLE_NAME USING ERRCODE = 'SH004';
  END IF;
  IF pg_catalog.current_setting('sharding.pass_by', true) = 'on' THEN
    IF sharding.passes_by(TG_RELID, NEW.bucket) THEN RETURN NULL; END IF;
  END IF;
  PERFORM sharding.hold(NEW.bucket);
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION sharding.refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is sharded: TRUNCATE would pass by its fence', TG_TABLE_NAME USING ERRCODE = 'SH004';
END $$;

-- Lets this server serve, after it was compared with the directory: by a client too, which may not change these tables.
-- Only in the run that was compared, and never a server that its own record says is another one. `let_go`: buckets
-- whose switch has been committed without this side having heard of it; the mover's next step would let go of them as
-- well.
CREATE OR REPLACE FUNCTION sharding.confirm(run text, let_go smallint[]) RETURNS boolean
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF run <> sharding.this_run() OR sharding.same_server() IS NOT TRUE THEN RETURN false; END IF;
  -- Whoever comes later may have compared long ago: its bucket may be back meanwhile, and fenced by another move.
  IF sharding.was_compared() THEN RETURN true; END IF;
  UPDATE sharding.bucket_owner SET state = 'gone' WHERE bucket = ANY (let_go) AND state = 'fenced';
  UPDATE sharding.identity SET confirmed_start = pg_postmaster_start_time(),
    confirmed_file = pg_relation_filepath('sharding.identity');
  RETURN true;
END $$;

-- A mover begins an attempt here: from now on all earlier ones are refused.
CREATE OR REPLACE FUNCTION sharding.begin_attempt(move uuid, wanted bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO sharding.attempts AS a (move_id, attempt) VALUES (move, wanted)
    ON CONFLICT (move_id) DO UPDATE SET attempt = excluded.attempt WHERE a.attempt <= excluded.attempt;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'another mover has resumed move %', move USING ERRCODE = 'SH003';
  END IF;
END $$;

-- The first statement of every transaction in which a mover changes this shard.
CREATE OR REPLACE FUNCTION sharding.check_attempt(move uuid, wanted bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM sharding.attempts WHERE move_id = move AND attempt = wanted FOR SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'another mover has resumed move %', move USING ERRCODE = 'SH003';
  END IF;
END $$;

-- Two shards whose fingerprints agree can hold each other's rows.
CREATE OR REPLACE FUNCTION sharding.fingerprint() RETURNS text LANGUAGE sql STABLE
  RETURN (SELECT md5(coalesce(string_agg(concat_ws(' ', t.name, t.kind, t.key_column, a.attname,
            format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated), ';'
            ORDER BY t.name::text, a.attname), ''))
          FROM sharding.tables AS t
          JOIN pg_attribute AS a ON a.attrelid = t.name AND a.attnum > 0 AND NOT a.attisdropped);

-- Numbers that rows brought with them must not be given out again. ALTER SEQUENCE keeps nextval() out until the commit;
-- setval() alone could wind a sequence back that moved on in between.
CREATE OR REPLACE FUNCTION sharding.advance_sequence(sequence regclass, at_least bigint) RETURNS void
  LANGUAGE plpgsql AS $$
DECLARE
  reached bigint;
BEGIN
  EXECUTE format('ALTER SEQUENCE %s NO CYCLE', sequence);
  EXECUTE format('SELECT last_value FROM %s', sequence) INTO reached;
  IF at_least > reached THEN PERFORM setval(sequence, at_least); END IF;
END $$;
