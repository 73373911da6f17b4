-- What is left of a customer who was erased: that there was one. Commands that come late find it instead of a place to fill: without
-- it, a registration that is sent again after its reply was purged would bring the customer back.
CREATE TABLE erased_customers (
  bucket      smallint    NOT NULL,
  customer_id uuid        NOT NULL,
  erased_at   timestamptz NOT NULL,
  PRIMARY KEY (bucket, customer_id)
);
