-- A second factor of a customer: an authenticator app (TOTP, RFC 6238), and codes for whoever lost it.
CREATE TABLE second_factors (
  bucket         smallint    NOT NULL,
  customer_id    uuid        NOT NULL,
  -- JWE, sealed with SECOND_FACTOR_KEY.
  sealed_secret  text        NOT NULL,
  -- Null: not in use yet, its owner has shown no code of it.
  confirmed_at   timestamptz,
  -- The time step of the last code that was taken: each is taken once.
  last_step      bigint      NOT NULL DEFAULT 0,
  -- Hashes of recovery codes that were not used yet.
  recovery_codes text[]      NOT NULL DEFAULT '{}',
  -- Wrong codes in a row, each behind a right password.
  failures       integer     NOT NULL DEFAULT 0,
  locked_until   timestamptz,
  PRIMARY KEY (bucket, customer_id),
  FOREIGN KEY (bucket, customer_id) REFERENCES customers (bucket, customer_id) ON DELETE CASCADE
);
