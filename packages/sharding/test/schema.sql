CREATE TABLE customers (
  bucket     smallint    NOT NULL,
  id         uuid        NOT NULL,
  name       text        NOT NULL,
  version    bigint      NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (bucket, id)
);
CREATE INDEX customers_created ON customers (created_at, id);
CREATE TABLE orders (
  bucket      smallint NOT NULL,
  id          uuid     NOT NULL,
  customer_id uuid     NOT NULL,
  amount      bigint   NOT NULL,
  PRIMARY KEY (bucket, id),
  FOREIGN KEY (bucket, customer_id) REFERENCES customers (bucket, id)
);
CREATE TABLE visits (
  bucket      smallint NOT NULL,
  id          bigint   GENERATED ALWAYS AS IDENTITY,
  customer_id uuid     NOT NULL,
  PRIMARY KEY (bucket, id)
);
CREATE TABLE outbox (
  id      bigint   GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  bucket  smallint NOT NULL,
  key     text     NOT NULL,
  version bigint   NOT NULL
);
CREATE TABLE products (sku text PRIMARY KEY, title text NOT NULL);
