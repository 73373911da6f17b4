-- A frozen quote.
CREATE TABLE checkouts (
  bucket       smallint    NOT NULL,
  checkout_id  uuid        NOT NULL,
  customer_id  uuid        NOT NULL,
  version      integer     NOT NULL,
  -- The order that was made of it.
  order_id     uuid,
  expires_at   timestamptz NOT NULL,
  -- The quote, the cart's lines, and what the shopper said.
  body         json        NOT NULL,
  created_at   timestamptz NOT NULL,
  updated_at   timestamptz NOT NULL,
  PRIMARY KEY (bucket, checkout_id)
) WITH (
  fillfactor = 70
);
CREATE INDEX checkouts_customer ON checkouts (bucket, customer_id);
CREATE INDEX checkouts_expires ON checkouts (expires_at);

-- Whoever has orders.
CREATE TABLE shoppers (
  bucket      smallint NOT NULL,
  customer_id uuid     NOT NULL,
  -- Of their last event: grows with each.
  version     bigint   NOT NULL,
  -- The customer whose account took over a guest's orders.
  joined_by   uuid,
  -- From then on nothing is bought: the account is gone.
  erased_at   timestamptz,
  PRIMARY KEY (bucket, customer_id)
) WITH (
  fillfactor = 70
);

-- Guests whose orders are a customer's now; the orders stay in their buckets.
CREATE TABLE joined_guests (
  bucket      smallint    NOT NULL,
  customer_id uuid        NOT NULL,
  guest_id    uuid        NOT NULL,
  joined_at   timestamptz NOT NULL,
  PRIMARY KEY (bucket, customer_id, guest_id)
);

ALTER TABLE orders
  ADD COLUMN checkout_id uuid NOT NULL,
  -- Null until it is bought.
  ADD COLUMN placed_at   timestamptz,
  -- When it is to be ended unless it was paid; null: it waits for nothing.
  ADD COLUMN hold_until  timestamptz,
  -- What was bought at which price: it never changes, so that changes of an order need not write it.
  ADD COLUMN quote       json NOT NULL,
  -- The rest: attempts to pay, parcels, returns, refunds, the timeline.
  ADD COLUMN body        json NOT NULL;
CREATE UNIQUE INDEX orders_number ON orders (bucket, number);
CREATE INDEX orders_created ON orders (created_at, order_id);
CREATE INDEX orders_status ON orders (status, created_at, order_id);
CREATE INDEX orders_placed ON orders (placed_at) WHERE placed_at IS NOT NULL;
CREATE INDEX orders_hold ON orders (hold_until) WHERE hold_until IS NOT NULL;

-- The order service's own copy of what is sold, from the catalog's states. A reference table: the same on every shard.
CREATE TABLE products (
  sku               text    NOT NULL PRIMARY KEY,
  -- The catalog's version of the state: an older one never overwrites a newer one.
  version           bigint  NOT NULL,
  sold              boolean NOT NULL,
  available         boolean NOT NULL,
  handle            text    NOT NULL,
  title             text    NOT NULL,
  image_url         text,
  -- Minor units.
  amount            bigint  NOT NULL,
  currency          text    NOT NULL,
  -- Category, tags, weight and class of taxes, as pricing needs them.
  traits            json    NOT NULL
) WITH (
  fillfactor = 90
);
