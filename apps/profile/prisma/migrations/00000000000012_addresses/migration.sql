-- A customer's addresses: one row, as a cart is (docs/decisions/0007-a-cart-is-one-row.md), since there are few and they have defaults among
-- them.
CREATE TABLE address_books (
  bucket      smallint NOT NULL,
  customer_id uuid     NOT NULL,
  addresses   jsonb    NOT NULL,
  PRIMARY KEY (bucket, customer_id),
  FOREIGN KEY (bucket, customer_id) REFERENCES customers (bucket, customer_id) ON DELETE CASCADE
);
