-- Series of invoice numbers without gaps: a row for each, in the bucket of its name, locked while a number is given.
CREATE TABLE invoice_series (
  bucket smallint NOT NULL,
  series text     NOT NULL,
  last   integer  NOT NULL,
  PRIMARY KEY (bucket, series)
);

-- Each number with the document that has it, in the bucket of the series: a document gets one number, however often it asks.
CREATE TABLE invoice_numbers (
  bucket      smallint    NOT NULL,
  series      text        NOT NULL,
  number      integer     NOT NULL,
  document_id uuid        NOT NULL,
  order_id    uuid        NOT NULL,
  customer_id uuid        NOT NULL,
  issued_at   timestamptz NOT NULL,
  PRIMARY KEY (bucket, series, number),
  UNIQUE (bucket, series, document_id)
);

-- Invoices and credit notes, in the bucket of their order. One without a number is not issued yet.
CREATE TABLE invoices (
  bucket      smallint NOT NULL,
  -- Derived from the order's id, or from the refund's.
  document_id uuid     NOT NULL,
  order_id    uuid     NOT NULL,
  customer_id uuid     NOT NULL,
  series      text     NOT NULL,
  number      text,
  issued_at   timestamptz,
  body        jsonb    NOT NULL,
  PRIMARY KEY (bucket, document_id)
);

CREATE INDEX invoices_order ON invoices (bucket, order_id);
