-- Who may run the shop, and by which roles. All rows are in the bucket of one key, so that changes are decided one after the other,
-- whoever they are about, and the last owner stays. An operator of before has no row until they sign in, and is an owner.
CREATE TABLE operators (
  bucket      smallint    NOT NULL,
  -- 'operators': the sharding key of all.
  registry    text        NOT NULL,
  customer_id uuid        NOT NULL,
  -- Empty: they are one no more.
  roles       text[]      NOT NULL,
  -- Grows by one with each change; the version of its events.
  version     integer     NOT NULL DEFAULT 1,
  since       timestamptz NOT NULL DEFAULT now(),
  -- The owner who decided it; null: the configuration, or from before.
  changed_by  uuid,
  PRIMARY KEY (bucket, customer_id)
);

-- Whether the registry has to be asked at their sign-in. The column `role` says 'operator' of owners only, for clones of the version
-- before: to them other operators are customers.
ALTER TABLE customers ADD COLUMN is_operator boolean NOT NULL DEFAULT false;
