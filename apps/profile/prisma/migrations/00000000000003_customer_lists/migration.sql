-- What operators' lists of customers read, page by page, in the order of the list. Text in the order of its bytes: other
-- collations differ between servers, and pages of several shards are merged. What the three cost a registration, and
-- what a page costs, stands in docs/sharding.md.

-- A name as it is looked for: in one case of letters, composed, and the same on all servers, whatever their locale. A sigma
-- has two small forms: the one at the end of a word would hide longer words from their own beginning.
CREATE FUNCTION folded_name(name text) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN translate(lower(normalize(name, NFC) COLLATE "und-x-icu"), 'ς', 'σ');

-- The bucket is in it so that counting the sign-ups of each day reads nothing else.
CREATE INDEX customers_created_at ON customers (created_at, customer_id) INCLUDE (bucket);
-- Addresses are stored folded.
CREATE INDEX customers_email ON customers (email COLLATE "C", customer_id);
CREATE INDEX customers_name ON customers (folded_name(display_name) COLLATE "C", customer_id);
