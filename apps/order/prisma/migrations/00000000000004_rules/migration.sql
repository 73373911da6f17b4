-- The shop's rules for prices: one document, in the bucket of its id. No row: the rules are those that the shop came with.
CREATE TABLE rules (
  bucket  smallint NOT NULL,
  id      text     NOT NULL,
  -- Grows by one with each change.
  version integer  NOT NULL,
  body    jsonb    NOT NULL,
  PRIMARY KEY (bucket, id)
);

-- The copy of the rules by which this shard's prices are made, from the state that is published of them. A reference table: the
-- same on every shard, so it has no bucket.
CREATE TABLE shop_rules (
  id            text    NOT NULL PRIMARY KEY,
  -- That of the state: an older one never overwrites a newer one. 0: it may be old.
  version       bigint  NOT NULL,
  -- That of the rules, which clones know them by.
  rules_version integer NOT NULL,
  body          jsonb   NOT NULL
);

-- A row for each promotion with a limit that was ever held, to be locked.
CREATE TABLE coupon_counters (
  bucket  smallint NOT NULL,
  -- 'code:CODE:promotion' or 'promotion:promotion'.
  counter text     NOT NULL,
  PRIMARY KEY (bucket, counter)
);

-- The use that an order makes of a promotion with a limit, in the bucket of the counter.
CREATE TABLE coupon_uses (
  bucket      smallint    NOT NULL,
  counter     text        NOT NULL,
  order_id    uuid        NOT NULL,
  customer_id uuid        NOT NULL,
  -- When a hold ends. NULL: confirmed, it stays.
  until       timestamptz,
  PRIMARY KEY (bucket, counter, order_id)
);
