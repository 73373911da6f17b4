-- Stock that orders hold, its history, and what shoppers see of it (docs/decisions/0049-stock-is-held.md).

ALTER TABLE variants
  -- The sum of the open holds. What can be bought is the stock less this.
  ADD COLUMN reserved integer NOT NULL DEFAULT 0,
  -- Operators are told when no more than so many are left. Null: as the shop's setting says.
  ADD COLUMN low_stock_at integer,
  ADD CONSTRAINT variants_reserved CHECK (reserved >= 0 AND (oversell OR reserved <= greatest(stock, 0)));

-- What an order holds of the stock, and later what it took off: one row with all its SKUs, summed, in their order.
CREATE TABLE holds (
  order_id   uuid        PRIMARY KEY,
  -- held:      until `until`, by this database's clock;
  -- confirmed: until the order is placed or ended;
  -- sold:      taken off the stock; the quantities are those that did not come back;
  -- released:  given up, or over; the order may hold again;
  -- ended:     the order is no more, and may not.
  status     text        NOT NULL CHECK (status IN ('held', 'confirmed', 'sold', 'released', 'ended')),
  until      timestamptz NOT NULL,
  skus       text[]      NOT NULL,
  quantities integer[]   NOT NULL,
  updated_at timestamptz NOT NULL
) WITH (fillfactor = 85);
CREATE INDEX holds_until ON holds (until) WHERE status = 'held';
CREATE INDEX holds_over ON holds (updated_at) WHERE status IN ('released', 'ended');

-- The adjustments become the history of all that moves the stock. Whoever wrote to the former table, clones of the
-- version before, still can: by a view, for which new columns have defaults.
ALTER TABLE stock_adjustments RENAME TO stock_movements;
ALTER TABLE stock_movements RENAME COLUMN adjusted_by TO moved_by;
ALTER TABLE stock_movements RENAME COLUMN adjusted_at TO moved_at;
ALTER TABLE stock_movements
  -- adjusted, set (with a product), imported, removed (with its product), sold, cancelled, returned
  ADD COLUMN kind text NOT NULL DEFAULT 'adjusted',
  ADD COLUMN order_id uuid,
  -- Taken while the variant is locked: the order of a SKU's movements.
  ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY;
ALTER TABLE stock_movements ALTER COLUMN id SET DEFAULT gen_random_uuid();
DROP INDEX stock_adjustments_sku;
CREATE INDEX stock_movements_sku ON stock_movements (sku, number);
CREATE VIEW stock_adjustments AS
  SELECT id, sku, delta, stock, reason, moved_by AS adjusted_by, moved_at AS adjusted_at FROM stock_movements;

-- The last published availability of SKUs that were sold out once, or came back; null: the SKU is gone. Rows stay: the
-- versions of a SKU grow for good.
CREATE TABLE availability (
  sku       text    PRIMARY KEY COLLATE "C",
  available boolean,
  version   integer NOT NULL
) WITH (fillfactor = 85);

-- SKUs of which shoppers may see something else than there is. Written by a trigger, so that no statement can forget it.
CREATE TABLE stale_availability (sku text PRIMARY KEY COLLATE "C");

CREATE FUNCTION mark_stale_availability() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO stale_availability (sku) VALUES (OLD.sku) ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER variants_availability AFTER UPDATE OF stock, reserved, oversell ON variants FOR EACH ROW
  WHEN ((OLD.oversell OR OLD.stock > OLD.reserved) <> (NEW.oversell OR NEW.stock > NEW.reserved))
  EXECUTE FUNCTION mark_stale_availability();
CREATE TRIGGER variants_gone AFTER DELETE ON variants FOR EACH ROW EXECUTE FUNCTION mark_stale_availability();
