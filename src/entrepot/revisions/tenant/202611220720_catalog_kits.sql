-- Kits may nest as deep as they like as long as they end: a set of pairs finds every circle.

create or replace view catalog.violation_kit_circle as
with recursive walk as (
    select
        k.kit_sku_id,
        k.component_sku_id
    from catalog.kit_part as k
    union distinct
    select
        w.kit_sku_id,
        k.component_sku_id
    from walk as w
    inner join catalog.kit_part as k on w.component_sku_id = k.kit_sku_id
)

select distinct w.kit_sku_id
from walk as w
where w.kit_sku_id = w.component_sku_id;
