-- Whether any SKU is kept by its date is asked with every document of movements: an index answers.

create index sku_expiry_tracked on catalog.sku (sku_id) where expiry_tracked;
