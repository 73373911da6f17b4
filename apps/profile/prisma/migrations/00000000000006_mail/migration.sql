-- The address that its customer proved to read; it is verified while it is also their e-mail address. A column of its own, so that
-- clones of the version before, which know nothing of it, leave a changed address unverified.
ALTER TABLE customers ADD COLUMN verified_email text;

-- Links that were mailed and neither used nor expired. Whoever uses one deletes it, so it is used once. Of the token in the link,
-- which is signed, only the hash is kept.
CREATE TABLE links (
  bucket      smallint    NOT NULL,
  customer_id uuid        NOT NULL,
  link_id     uuid        NOT NULL,
  -- 'reset-password' or 'verify-email'.
  purpose     text        NOT NULL,
  -- The address that it was sent to: it opens nothing once the customer has another.
  email       text        NOT NULL,
  hash        bytea       NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now(),
  expires_at  timestamptz NOT NULL,
  PRIMARY KEY (bucket, customer_id, link_id),
  FOREIGN KEY (bucket, customer_id) REFERENCES customers (bucket, customer_id) ON DELETE CASCADE
);
CREATE INDEX links_expires_at ON links (expires_at);

-- Mails to send: written in the transaction that they tell of, deleted once the mail server has them. Holds no token: it is signed
-- again when the mail is sent.
CREATE TABLE mails (
  bucket      smallint    NOT NULL,
  customer_id uuid        NOT NULL,
  mail_id     uuid        NOT NULL,
  kind        text        NOT NULL,
  email       text        NOT NULL,
  -- Of the link in it; null where it has none.
  link_id     uuid,
  expires_at  timestamptz NOT NULL,
  -- Whoever sends it moves this into the future first: if they die, another sends it then.
  due_at      timestamptz NOT NULL DEFAULT now(),
  attempts    integer     NOT NULL DEFAULT 0,
  PRIMARY KEY (bucket, customer_id, mail_id),
  FOREIGN KEY (bucket, customer_id) REFERENCES customers (bucket, customer_id) ON DELETE CASCADE
);
CREATE INDEX mails_due_at ON mails (due_at);

-- Requests to reset a password, by whoever they came from. Whether anybody has the address is looked up later: so the request is
-- answered in the same way, and as fast, whoever has an account.
CREATE TABLE reset_requests (
  bucket       smallint    NOT NULL,
  request_id   uuid        NOT NULL,
  -- Folded.
  email        text        NOT NULL,
  requested_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (bucket, request_id)
);
CREATE INDEX reset_requests_requested_at ON reset_requests (requested_at);
