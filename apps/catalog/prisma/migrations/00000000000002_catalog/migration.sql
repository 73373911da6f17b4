-- Products, their variants, and the files that they are imported from. For PostgreSQL 16 and later.

-- COLLATE "C" wherever order only has to be the same everywhere: it is the cheapest to compare, and no upgrade of the
-- system's locales can put an index out of order.
CREATE TABLE products (
  id              uuid           PRIMARY KEY,
  handle          text           NOT NULL COLLATE "C" UNIQUE,
  title           text           NOT NULL,
  description     text           NOT NULL,
  vendor          text           NOT NULL,
  category        text           NOT NULL,
  -- Null: in no category.
  category_handle text           COLLATE "C",
  tags            text[]         NOT NULL,
  active          boolean        NOT NULL,
  option_names    text[]         NOT NULL,
  -- [{url, alt}], in their order; always read and written as a whole.
  images          jsonb          NOT NULL,
  seo_title       text,
  seo_description text,
  -- Grows with each change of the product or of one of its variants, and goes on where a removed product of the same
  -- handle left off (retired_versions).
  version         integer        NOT NULL,
  created_at      timestamptz(3) NOT NULL,
  updated_at      timestamptz(3) NOT NULL,
  -- Of all that an import can set. Null: changed since by something that did not compute it.
  content_hash    bytea,

  -- The rest is derived from the variants and texts in the same transaction, so that a list reads one row per product.
  image_url       text,
  currency        text           NOT NULL COLLATE "C",
  min_price       bigint         NOT NULL,
  max_price       bigint         NOT NULL,
  available       boolean        NOT NULL,
  skus            text[]         NOT NULL,
  title_key       text           NOT NULL COLLATE "C",
  search          tsvector       NOT NULL
) WITH (fillfactor = 85); -- changes of stock and texts that no index holds stay heap-only updates

-- One index per order of the list, within a category and without: a page costs the same whatever the number of products.
CREATE INDEX products_newest          ON products (created_at DESC, id DESC) WHERE active;
CREATE INDEX products_price           ON products (min_price, id) WHERE active;
CREATE INDEX products_title           ON products (title_key, id) WHERE active;
CREATE INDEX products_category_newest ON products (category_handle, created_at DESC, id DESC) WHERE active;
CREATE INDEX products_category_price  ON products (category_handle, min_price, id) WHERE active;
CREATE INDEX products_category_title  ON products (category_handle, title_key, id) WHERE active;
-- What GIN has not sorted in yet is read by every search: by default up to 4 MB, which takes 9 ms.
CREATE INDEX products_tags   ON products USING gin (tags)   WITH (gin_pending_list_limit = 512);
CREATE INDEX products_search ON products USING gin (search) WITH (gin_pending_list_limit = 512);
-- Weights are not in the index: without one of its own, words in titles would be found only by reading all other matches.
CREATE INDEX products_search_title ON products USING gin (ts_filter(search, '{a}')) WITH (gin_pending_list_limit = 512);

-- The active products that a search is about: up to `most` that have all words in the title, and up to `most` that have them
-- anywhere (an id may come twice). Null filters don't filter. The cost is bounded whatever the words are:
-- frequent words are found among the newest 4,000 products (5 ms); for others GIN gathers what matches, of which `most` are
-- read. Left to itself, the planner takes one or the other way by the words' frequency alone, and reads a million rows
-- where all that match are old: five seconds for "lamp" when lamps were imported first.
CREATE FUNCTION search_products(
  query tsquery, most integer, in_category text, with_tag text, lowest bigint, highest bigint
) RETURNS SETOF uuid
  LANGUAGE plpgsql STABLE ROWS 1000
  SET enable_seqscan = off
  SET enable_indexscan = on
  SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
  in_title boolean;
  found_newest integer;
BEGIN
  FOREACH in_title IN ARRAY ARRAY[true, false] LOOP
    PERFORM set_config('enable_indexscan', 'on', true);
    RETURN QUERY
      SELECT id FROM (
        SELECT * FROM products WHERE active AND (in_category IS NULL OR category_handle = in_category)
        ORDER BY created_at DESC, id DESC LIMIT 4000) AS newest
      WHERE CASE WHEN in_title THEN ts_filter(search, '{a}') @@ query ELSE search @@ query END
        AND (with_tag IS NULL OR tags @> ARRAY[with_tag])
        AND (lowest IS NULL OR min_price >= lowest) AND (highest IS NULL OR min_price <= highest)
      LIMIT most;
    GET DIAGNOSTICS found_newest = ROW_COUNT;
    CONTINUE WHEN found_newest >= most / 5;
    PERFORM set_config('enable_indexscan', 'off', true);
    RETURN QUERY
      SELECT id FROM products
      WHERE CASE WHEN in_title THEN ts_filter(search, '{a}') @@ query ELSE search @@ query END AND active
        AND (in_category IS NULL OR category_handle = in_category) AND (with_tag IS NULL OR tags @> ARRAY[with_tag])
        AND (lowest IS NULL OR min_price >= lowest) AND (highest IS NULL OR min_price <= highest)
      LIMIT most;
  END LOOP;
END
$$;

CREATE TABLE variants (
  sku               text     PRIMARY KEY COLLATE "C",
  product_id        uuid     NOT NULL REFERENCES products (id),
  position          smallint NOT NULL,
  title             text     NOT NULL,
  options           text[]   NOT NULL,
  -- In minor units of `currency`.
  price             bigint   NOT NULL,
  currency          text     NOT NULL COLLATE "C",
  compare_at_price  bigint,
  stock             integer  NOT NULL,
  -- Sold when the stock is used up.
  oversell          boolean  NOT NULL,
  barcode           text,
  grams             integer  NOT NULL,
  taxable           boolean  NOT NULL,
  requires_shipping boolean  NOT NULL,
  image_url         text,
  -- Of the variant's published state: grows for good, also over a time in which the SKU was not sold (retired_versions).
  version           integer  NOT NULL
) WITH (fillfactor = 90);
CREATE INDEX variants_product ON variants (product_id, position);

-- Where the versions of removed handles and SKUs go on when these come back: consumers ignore what is not newer.
CREATE TABLE retired_versions (
  kind    text    NOT NULL CHECK (kind IN ('product', 'variant')),
  key     text    NOT NULL COLLATE "C",
  version integer NOT NULL,
  PRIMARY KEY (kind, key)
);

-- Counted as products change: counting a million products per call would be too slow.
CREATE TABLE categories (
  handle   text    PRIMARY KEY COLLATE "C",
  -- As the first product named it; others may differ in case and punctuation.
  name     text    NOT NULL,
  -- The active ones.
  products integer NOT NULL
) WITH (fillfactor = 50);

-- Why stock was changed by hand, and by whom.
CREATE TABLE stock_adjustments (
  id          uuid           PRIMARY KEY,
  sku         text           NOT NULL COLLATE "C",
  delta       integer        NOT NULL,
  stock       integer        NOT NULL,
  reason      text,
  adjusted_by text           NOT NULL,
  adjusted_at timestamptz(3) NOT NULL
);
CREATE INDEX stock_adjustments_sku ON stock_adjustments (sku, adjusted_at);

-- An import: received frame by frame by any clone, then run by one clone at a time, which holds the lease.
CREATE TABLE import_jobs (
  id                 text           PRIMARY KEY COLLATE "C",
  file               text           NOT NULL,
  format             text           NOT NULL CHECK (format IN ('shopify', 'ndjson')),
  currency           text           NOT NULL,
  status             text           NOT NULL CHECK (status IN ('receiving', 'running', 'done', 'failed')),
  frames_received    integer        NOT NULL DEFAULT 0,
  -- Known once the last frame came; earlier ones may still be on their way.
  last_frame         integer,
  bytes_received     bigint         NOT NULL DEFAULT 0,
  bytes_processed    bigint         NOT NULL DEFAULT 0,
  products_created   integer        NOT NULL DEFAULT 0,
  products_changed   integer        NOT NULL DEFAULT 0,
  products_unchanged integer        NOT NULL DEFAULT 0,
  rows_refused       integer        NOT NULL DEFAULT 0,
  failure            text,
  started_at         timestamptz(3) NOT NULL,
  updated_at         timestamptz(3) NOT NULL,
  finished_at        timestamptz(3),
  -- Where to go on after a crash: written in the transaction of the batch that it stands behind.
  checkpoint         jsonb,
  -- The run that holds the lease. Each of its transactions proves that it still does: a clone that froze and was
  -- replaced can't write any more.
  worker             uuid,
  lease_until        timestamptz,
  -- Finished, and its chunks and handles are deleted.
  swept              boolean        NOT NULL DEFAULT false
) WITH (fillfactor = 50);
CREATE INDEX import_jobs_open ON import_jobs (status) WHERE NOT swept;
CREATE INDEX import_jobs_finished ON import_jobs (finished_at) WHERE status IN ('done', 'failed');

CREATE TABLE import_chunks (
  job_id   text    NOT NULL COLLATE "C" REFERENCES import_jobs (id) ON DELETE CASCADE,
  sequence integer NOT NULL,
  data     bytea   NOT NULL,
  PRIMARY KEY (job_id, sequence)
);
-- Read once or twice, then deleted: not worth compressing.
ALTER TABLE import_chunks ALTER COLUMN data SET STORAGE EXTERNAL;

-- Which handles a running import has met, and where: the second time is a mistake in the file.
CREATE TABLE import_handles (
  job_id text   NOT NULL COLLATE "C" REFERENCES import_jobs (id) ON DELETE CASCADE,
  handle text   NOT NULL COLLATE "C",
  line   bigint NOT NULL,
  PRIMARY KEY (job_id, handle)
);

CREATE TABLE import_problems (
  id      bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job_id  text    NOT NULL COLLATE "C" REFERENCES import_jobs (id) ON DELETE CASCADE,
  line    bigint  NOT NULL,
  "column" text,
  product text,
  reason  text    NOT NULL,
  refused boolean NOT NULL
);
CREATE INDEX import_problems_job ON import_problems (job_id, line, id);
