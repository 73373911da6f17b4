-- The bucket of a sharding key: the same as bucketOf of @stoa/sharding.
CREATE FUNCTION stoa_bucket(key text) RETURNS smallint
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN ((get_byte(decode(md5(key), 'hex'), 0) * 256 + get_byte(decode(md5(key), 'hex'), 1)) & 1023)::smallint;

-- Every row stands in its key's bucket: src/storage/keyspace.ts names the column, and the fence's triggers fill in a bucket
-- that is left out and refuse a wrong one. (No CHECK: it is prepared anew for each statement, which cost 0.06 ms of each update.)

-- An order of a customer or a guest. What lists and guards need stands in columns, the rest as one JSON value.
CREATE TABLE orders (
  bucket            smallint    NOT NULL,
  -- Derived from the checkout's id: however often a checkout is placed, it is one order.
  order_id          uuid        NOT NULL,
  customer_id       uuid        NOT NULL,
  -- As shoppers and operators say it; it names the bucket.
  number            text        NOT NULL,
  -- Grows by one with each change.
  version           integer     NOT NULL,
  status            text        NOT NULL,
  payment_status    text        NOT NULL,
  fulfilment_status text        NOT NULL,
  currency          text        NOT NULL,
  -- Minor units.
  total             bigint      NOT NULL,
  created_at        timestamptz NOT NULL,
  updated_at        timestamptz NOT NULL,
  PRIMARY KEY (bucket, order_id)
) WITH (
  fillfactor = 70
);

CREATE INDEX orders_customer ON orders (customer_id, created_at, order_id);
