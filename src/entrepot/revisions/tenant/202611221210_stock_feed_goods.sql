-- The stock room: what outside sources tell about goods of a lot, and about single serials.
-- lot and serial are '' where the SKU is not tracked by them.

alter table stock.feed_event
add column lot text not null default '',
add column serial text not null default '',
add column expires_on date;

alter table stock.feed_effect
add column lot text not null default '',
add column serial text not null default '';

alter table stock.snapshot_line
add column lot text not null default '',
add column serial text not null default '',
add column expires_on date;
alter table stock.snapshot_line drop constraint snapshot_line_pkey;
alter table stock.snapshot_line add primary key (snapshot_id, sku_code, lot, serial);

-- tracked: a line lacks its lot or serial; untracked: it has one that its SKU does not take;
-- net: less reservations, which are not made of lots; serial_elsewhere: it would be twice.
alter table stock.quarantine
add column lot text not null default '',
add column serial text not null default '';
alter table stock.quarantine drop constraint quarantine_cause_check;
alter table stock.quarantine add constraint quarantine_cause_check check (cause in (
    'unknown_sku', 'negative', 'tracked', 'untracked', 'net', 'serial_elsewhere', 'altered'
));

-- Of a tracked SKU the row without lot and serial holds for all of it but those with rows of
-- their own.
alter table stock.feed_settled
add column lot text not null default '',
add column serial text not null default '';
alter table stock.feed_settled drop constraint feed_settled_pkey;
alter table stock.feed_settled add primary key (feed_id, sku_id, lot, serial);

alter table stock.drift
add column lot text not null default '',
add column serial text not null default '',
add column expires_on date;
grant update (expires_on) on stock.drift to entrepot_app;
drop index stock.drift_open;
create unique index drift_open on stock.drift (feed_id, sku_id, lot, serial) where state = 'open';

alter table stock.feed_alarm
add column lot text not null default '',
add column serial text not null default '';

-- The effects of a feed are the movements of their documents, node by node: of the lot and the
-- serial where an effect names one.
create or replace view stock.violation_feed_effect as
with told as (
    select
        e.document_id,
        e.sku_id,
        e.lot,
        e.serial,
        sum(e.delta) as delta
    from stock.feed_effect as e
    group by e.document_id, e.sku_id, e.lot, e.serial
),

named as (
    select
        t.document_id,
        t.sku_id,
        bool_or(t.lot <> '') as by_lot,
        bool_or(t.serial <> '') as by_serial
    from told as t
    group by t.document_id, t.sku_id
),

moved as (
    select
        d.document_id,
        m.sku_id,
        case when n.by_lot then m.lot else '' end as lot,
        case when n.by_serial then coalesce(m.serial, '') else '' end as serial,
        sum(case when t.kind = 'bin' then m.quantity else 0 end)
        - sum(case when f.kind = 'bin' then m.quantity else 0 end) as delta
    from (select distinct t.document_id from told as t) as d
    inner join stock.movement as m on d.document_id = m.document_id
    inner join stock.place as f on m.from_place = f.place_id
    inner join stock.place as t on m.to_place = t.place_id
    left join named as n on m.document_id = n.document_id and m.sku_id = n.sku_id
    group by 1, 2, 3, 4
)

select
    coalesce(t.document_id, m.document_id) as document_id,
    coalesce(t.sku_id, m.sku_id) as sku_id,
    coalesce(t.delta, 0) as told,
    coalesce(m.delta, 0) as moved,
    coalesce(t.lot, m.lot) as lot,
    coalesce(t.serial, m.serial) as serial
from told as t
full join moved as m
    on
        t.document_id = m.document_id and t.sku_id = m.sku_id and t.lot = m.lot
        and t.serial = m.serial
where coalesce(t.delta, 0) <> coalesce(m.delta, 0);
