-- From the code of an open SKU to its id without reading its row: what every question for what is
-- available and every reservation does first.
create index sku_open_code on catalog.sku (code) include (sku_id) where closed_at is null;
