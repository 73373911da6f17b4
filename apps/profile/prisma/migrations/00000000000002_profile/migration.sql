-- The bucket of a sharding key: the same as bucketOf of @stoa/sharding.
CREATE FUNCTION stoa_bucket(key text) RETURNS smallint
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN ((get_byte(decode(md5(key), 'hex'), 0) * 256 + get_byte(decode(md5(key), 'hex'), 1)) & 1023)::smallint;

-- Every row stands in its key's bucket: src/storage/keyspace.ts names the column, and the fence's triggers fill in a bucket
-- that is left out and refuse a wrong one. (No CHECK: it is prepared anew for each statement, which cost 0.06 ms of each update.)

CREATE TABLE customers (
  bucket       smallint    NOT NULL,
  customer_id  uuid        NOT NULL,
  role         text        NOT NULL DEFAULT 'customer',
  -- Folded (NFC, lower case), as in the lookup keyspace (prisma-lookup), which makes names unique. Whose a name is, this row tells.
  email        text        NOT NULL,
  username     text,
  display_name text        NOT NULL,
  locale       text,
  phone        text,
  -- Grows by one with each change; the version of the customer's events and the profile's ETag.
  version      integer     NOT NULL DEFAULT 1,
  created_at   timestamptz NOT NULL,
  updated_at   timestamptz NOT NULL,
  PRIMARY KEY (bucket, customer_id),
  CONSTRAINT customers_role CHECK (role IN ('customer', 'operator'))
);

-- A table of its own, so that nothing that reads profiles can show a hash, and a failed sign-in leaves the profile's row alone.
CREATE TABLE credentials (
  bucket        smallint    NOT NULL,
  customer_id   uuid        NOT NULL,
  -- argon2id with its parameters, as PHC string.
  password_hash text        NOT NULL,
  -- The command that set the password: when it comes again, it is done already.
  set_by        uuid,
  set_at        timestamptz NOT NULL,
  -- Attempts since the last success. Counted before the password is looked at, so that attempts side by side count too.
  failures      integer     NOT NULL DEFAULT 0,
  failed_at     timestamptz,
  locked_until  timestamptz,
  PRIMARY KEY (bucket, customer_id),
  FOREIGN KEY (bucket, customer_id) REFERENCES customers (bucket, customer_id) ON DELETE CASCADE
) WITH (
  -- Each sign-in updates the row twice: free space keeps those heap-only updates.
  fillfactor = 70
);
