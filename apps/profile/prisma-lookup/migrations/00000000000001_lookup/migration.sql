-- The bucket of a sharding key: the same as bucketOf of @stoa/sharding.
CREATE FUNCTION stoa_bucket(key text) RETURNS smallint
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN ((get_byte(decode(md5(key), 'hex'), 0) * 256 + get_byte(decode(md5(key), 'hex'), 1)) & 1023)::smallint;

-- Who signs in under which name. The bucket is the name's, so that a name is in one place whoever wants it, and the primary
-- key makes it unique over all shards. Whether the customer has the name is told by their own row, in the profile keyspace
-- (docs/decisions/0011-unique-names-over-shards.md).
CREATE TABLE names (
  bucket      smallint    NOT NULL,
  -- 'email' or 'username'. No CHECK, which Postgres would compile anew for each statement.
  kind        text        NOT NULL,
  -- Folded (NFC, lower case).
  name        text        NOT NULL,
  customer_id uuid        NOT NULL,
  -- The command that decides whether the customer gets, keeps or loses the name.
  token       uuid        NOT NULL,
  -- Another each time that the row is reserved, by the same command too. Who settles a row compares it: a name may have been
  -- lost, freed and reserved again since they looked.
  reservation uuid        NOT NULL,
  -- 'reserved': it may not be decided yet. 'confirmed': the customer has the name.
  state       text        NOT NULL,
  reserved_at timestamptz NOT NULL,
  PRIMARY KEY (bucket, kind, name)
);
-- What is still to be settled: nearly empty at all times, and read by bucket and as a whole.
CREATE INDEX names_reserved ON names (bucket, kind, name) WHERE state = 'reserved';
