-- Putting tables and roles under the fence. Applied by installShard() after shard.sql.

-- What would make a move lose or refuse rows, said before the first one.
CREATE OR REPLACE FUNCTION sharding.check_table(target regclass, kind text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  bucket pg_attribute;
  key_columns int2[];
  leaving text;
BEGIN
  SELECT * INTO bucket FROM pg_attribute WHERE attrelid = target AND attname = 'bucket' AND NOT attisdropped;
  IF NOT FOUND OR bucket.atttypid <> 'smallint'::regtype OR NOT bucket.attnotnull OR bucket.attgenerated <> '' THEN
    RAISE EXCEPTION '% needs a plain column "bucket smallint NOT NULL"', target USING ERRCODE = 'SH004';
  END IF;
  IF kind <> 'moved' THEN RETURN; END IF;
  -- Updates and deletes reach the other side only when the replica identity, here the primary key, contains the
  -- publication's filter column.
  SELECT conkey INTO key_columns FROM pg_constraint WHERE conrelid = target AND contype = 'p';
  IF NOT FOUND OR key_columns[1] <> bucket.attnum THEN
    RAISE EXCEPTION '% needs a primary key that starts with "bucket"', target USING ERRCODE = 'SH004';
  END IF;
  IF (SELECT relreplident FROM pg_class WHERE oid = target) <> 'd' THEN
    RAISE EXCEPTION '% needs its primary key as replica identity', target USING ERRCODE = 'SH004';
  END IF;
  SELECT conname INTO leaving FROM pg_constraint
    WHERE conrelid = target AND contype = 'f' AND NOT bucket.attnum = ANY (conkey) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'the foreign key % of % must contain "bucket": rows refer to rows of their own bucket only',
      leaving, target USING ERRCODE = 'SH004';
  END IF;
END $$;

-- Computes `bucket` from the key, and refuses another one. A function per table, because reading a column by a name
-- that is only known at run time costs ten times as much.
CREATE OR REPLACE FUNCTION sharding.make_bucket_trigger(target regclass, key_column name) RETURNS void
  LANGUAGE plpgsql AS $$
DECLARE
  function_name text := 'set_bucket_of_' || target::oid;
  hash text := (SELECT p.pronamespace::regnamespace || '.stoa_bucket' FROM pg_proc AS p
                WHERE p.oid = to_regprocedure('stoa_bucket(text)'));
BEGIN
  EXECUTE format('DROP TRIGGER IF EXISTS sharding_1_bucket ON %s', target);
  IF key_column IS NULL THEN RETURN; END IF;
  IF hash IS NULL THEN
    RAISE EXCEPTION 'the function stoa_bucket(text) is missing' USING ERRCODE = 'SH004';
  END IF;
  EXECUTE format('CREATE OR REPLACE FUNCTION sharding.%I() RETURNS trigger LANGUAGE plpgsql AS
    $f$
    DECLARE
      right_one CONSTANT smallint := %s(NEW.%I::text);
    BEGIN
      IF NEW.bucket <> right_one THEN
        RAISE EXCEPTION ''a row of %% belongs into bucket %%, not %%'', TG_TABLE_NAME, right_one, NEW.bucket
          USING ERRCODE = ''SH004'';
      END IF;
      NEW.bucket := right_one;
      RETURN NEW;
    END $f$', function_name, hash, key_column);
  EXECUTE format('CREATE TRIGGER sharding_1_bucket BEFORE INSERT OR UPDATE OF bucket, %I ON %s FOR EACH ROW
    EXECUTE FUNCTION sharding.%I()', key_column, target, function_name);
END $$;

CREATE OR REPLACE FUNCTION sharding.register_table(target regclass, kind text, key_column name) RETURNS void
  LANGUAGE plpgsql AS $$
BEGIN
  PERFORM sharding.check_table(target, kind);
  PERFORM sharding.make_bucket_trigger(target, key_column);
  -- Triggers fire in the order of their names: the bucket is known when the guard looks at it.
  EXECUTE format('CREATE OR REPLACE TRIGGER sharding_2_guard BEFORE %s ON %s FOR EACH ROW
    EXECUTE FUNCTION sharding.guard()',
    CASE kind WHEN 'moved' THEN 'INSERT OR UPDATE OR DELETE' ELSE 'INSERT' END, target);
  EXECUTE format('CREATE OR REPLACE TRIGGER sharding_3_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT
    EXECUTE FUNCTION sharding.refuse_truncate()', target);
  INSERT INTO sharding.tables AS t (name, kind, key_column) VALUES (target, kind, key_column)
    ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, key_column = excluded.key_column;
END $$;

-- Gives a role what a service needs, and refuses one that could get round the fence. `reference`: tables that are the
-- same on every shard.
DROP FUNCTION IF EXISTS sharding.grant_service(name);
CREATE OR REPLACE FUNCTION sharding.grant_service(service name, reference regclass[] DEFAULT '{}') RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  target regclass;
BEGIN
  IF (SELECT rolsuper OR rolreplication FROM pg_roles WHERE rolname = service) THEN
    RAISE EXCEPTION 'the role % is a superuser or may replicate: the fence could not hold it', service
      USING ERRCODE = 'SH004';
  END IF;
  IF has_parameter_privilege(service, 'session_replication_role', 'SET') THEN
    RAISE EXCEPTION 'the role % may set session_replication_role, which switches triggers off', service
      USING ERRCODE = 'SH004';
  END IF;
  EXECUTE format('GRANT USAGE ON SCHEMA sharding TO %I', service);
  EXECUTE format('GRANT SELECT ON sharding.identity, sharding.bucket_owner, sharding.owned_buckets, sharding.tables
    TO %I', service);
  FOR target IN SELECT name FROM sharding.tables UNION SELECT unnest(reference) LOOP
    IF pg_has_role(service, (SELECT relowner FROM pg_class WHERE oid = target), 'MEMBER') THEN
      RAISE EXCEPTION 'the role % owns %, and so could drop its fence', service, target USING ERRCODE = 'SH004';
    END IF;
    EXECUTE format('REVOKE TRUNCATE, TRIGGER ON %s FROM %I, PUBLIC', target, service);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO %I', target, service);
  END LOOP;
END $$;
