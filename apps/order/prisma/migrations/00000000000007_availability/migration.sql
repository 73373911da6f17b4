-- The catalog's other state of a SKU: whether it can be bought, once that changed. Where there is one it is the one that
-- counts, and `available`, of the variant's state, is what was true when that was published. Null: there is none.
ALTER TABLE products ADD COLUMN availability boolean;
ALTER TABLE products ADD COLUMN availability_version bigint NOT NULL DEFAULT 0;
