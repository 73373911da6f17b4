-- The bucket of a sharding key: the same as bucketOf of @stoa/sharding.
CREATE FUNCTION stoa_bucket(key text) RETURNS smallint
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN ((get_byte(decode(md5(key), 'hex'), 0) * 256 + get_byte(decode(md5(key), 'hex'), 1)) & 1023)::smallint;

-- Every row stands in its key's bucket: src/storage/keyspace.ts names the column, and the fence's triggers fill in a bucket
-- that is left out and refuse a wrong one. (No CHECK: it is prepared anew for each statement, which cost 0.06 ms of each update.)

-- One row holds a cart with all its lines, in the order in which they were put in: adding an item reads one row and
-- writes one row (docs/decisions/0007-a-cart-is-one-row.md).
CREATE TABLE carts (
  bucket      smallint    NOT NULL,
  customer_id uuid        NOT NULL,
  -- Grows by one with each change; the version of the cart's events and its ETag.
  version     integer     NOT NULL,
  -- 'open', or 'closed': a guest's cart whose lines went to a customer. It refuses writes for good.
  status      text        NOT NULL DEFAULT 'open',
  -- Whose cart took over the lines of a closed one.
  joined_by   uuid,
  skus        text[]      NOT NULL,
  quantities  integer[]   NOT NULL,
  created_at  timestamptz NOT NULL,
  updated_at  timestamptz NOT NULL,
  PRIMARY KEY (bucket, customer_id)
) WITH (
  -- Free space in each page: a change is then a heap-only update, which touches no index.
  fillfactor = 70
);

-- Which guests' carts were merged into a customer's: a merge that is tried again, by whatever sign-in, adds nothing.
CREATE TABLE joined_guests (
  bucket      smallint    NOT NULL,
  customer_id uuid        NOT NULL,
  guest_id    uuid        NOT NULL,
  joined_at   timestamptz NOT NULL,
  PRIMARY KEY (bucket, customer_id, guest_id)
);

-- The cart's own copy of what is sold, from the catalog's states. A reference table: the same on every shard, so it has
-- no bucket. What is not sold any more stays, marked, so that carts can still name it.
CREATE TABLE products (
  sku       text        NOT NULL PRIMARY KEY,
  -- The catalog's version of the state: an older one never overwrites a newer one.
  version   bigint      NOT NULL,
  sold      boolean     NOT NULL,
  -- In stock, or sold without.
  available boolean     NOT NULL,
  handle    text        NOT NULL,
  title     text        NOT NULL,
  image_url text,
  -- Minor units.
  amount    bigint      NOT NULL,
  currency  text        NOT NULL
) WITH (
  fillfactor = 90
);
