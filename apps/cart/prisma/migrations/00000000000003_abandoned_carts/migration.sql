-- The hour of the last change of an open cart that holds something; null for others. An index on the time itself would make
-- every change of a cart write to all indexes of the table; one on the hour does that once an hour, and all other
-- changes stay heap-only updates.
ALTER TABLE carts ADD COLUMN idle_since timestamptz;

-- A trigger, so that clones of the version before keep it right too while a new one is rolled out.
CREATE FUNCTION cart_idle_since() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.idle_since := CASE WHEN NEW.status = 'open' AND NEW.skus <> '{}' THEN date_trunc('hour', NEW.updated_at, 'UTC') END;
  RETURN NEW;
END $$;
CREATE TRIGGER carts_idle_since BEFORE INSERT OR UPDATE ON carts FOR EACH ROW EXECUTE FUNCTION cart_idle_since();

UPDATE carts SET idle_since = updated_at WHERE status = 'open' AND skus <> '{}';

CREATE INDEX carts_idle_since ON carts (idle_since, customer_id) WHERE idle_since IS NOT NULL;
