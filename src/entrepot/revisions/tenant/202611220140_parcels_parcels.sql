-- The parcels room: parcels, what was declared in them, whose they may be, what happened to them.

create schema parcels;
grant usage on schema parcels to entrepot_app, entrepot_shopper;

-- The machine of SAFETY 1, repeated from entrepot/parcels/state_edges.tsv; a test compares them.
create function parcels.status_may_change_v1(p_from text, p_to text)
returns boolean
language sql immutable as $$
    select p_from || '>' || p_to = any(array[
        'expected>received', 'expected>merged',
        'received>inspected', 'received>stored', 'inspected>stored',
        'stored>consolidating', 'consolidating>stored', 'consolidating>packed',
        'packed>consolidating', 'packed>shipped', 'shipped>delivered',
        'received>returned', 'received>lost', 'received>merged', 'received>split',
        'received>abandoned', 'received>exception',
        'inspected>returned', 'inspected>lost', 'inspected>merged', 'inspected>split',
        'inspected>abandoned', 'inspected>exception',
        'stored>returned', 'stored>lost', 'stored>merged', 'stored>split',
        'stored>abandoned', 'stored>exception',
        'consolidating>returned', 'consolidating>lost', 'consolidating>merged',
        'consolidating>split', 'consolidating>abandoned', 'consolidating>exception',
        'packed>returned', 'packed>lost', 'packed>merged', 'packed>split',
        'packed>abandoned', 'packed>exception',
        'exception>returned', 'exception>lost', 'exception>merged', 'exception>split',
        'exception>abandoned', 'exception>received', 'exception>inspected', 'exception>stored',
        'abandoned>destroyed'
    ]);
$$;

-- Goods categories; a declared item's category gives the parcel its tags until staff set them.
create table parcels.category (
    code text primary key,
    names jsonb not null,
    tags text[] not null check (cardinality(tags) > 0),
    hs_example text,
    prohibited boolean not null default false
);
grant insert, update (names, tags, hs_example, prohibited) on parcels.category to entrepot_app;
grant select on parcels.category to entrepot_shopper;
insert into parcels.category (code, names, tags, hs_example, prohibited) values
(
    'clothing',
    jsonb_build_object(
        'en', 'Clothing, shoes, bags',
        'zh-CN', '服装鞋包', 'zh-TW', '衣鞋包'
    ),
    '{general}', '6109.10', false
),
(
    'electronics_bi',
    jsonb_build_object(
        'en', 'Electronics, battery inside (UN3481 PI967)',
        'zh-CN', '带电电子(内置电池)', 'zh-TW', '帶電電子'
    ),
    '{battery_inside}', '8517.62', false
),
(
    'electronics_bw',
    jsonb_build_object(
        'en', 'Electronics packed with battery (UN3481 PI966, ≤30 % charge by air)',
        'zh-CN', '配套电池电子', 'zh-TW', '配套電池'
    ),
    '{battery_packed_with}', '8525.89', false
),
(
    'powerbank',
    jsonb_build_object(
        'en', 'Power bank, battery alone (UN3480)',
        'zh-CN', '充电宝/纯电池', 'zh-TW', '行動電源'
    ),
    '{powerbank,battery_alone}', '8507.60', false
),
(
    'cosmetics',
    jsonb_build_object(
        'en', 'Cosmetics (non liquid)',
        'zh-CN', '化妆品', 'zh-TW', '化妝品'
    ),
    '{cosmetics}', '3304.99', false
),
(
    'liquid',
    jsonb_build_object(
        'en', 'Liquids, perfume',
        'zh-CN', '液体', 'zh-TW', '液體'
    ),
    '{liquid}', '3303.00', false
),
(
    'food',
    jsonb_build_object(
        'en', 'Packaged food, no meat/dairy',
        'zh-CN', '食品', 'zh-TW', '食品'
    ),
    '{food}', '1905.90', false
),
(
    'magnet',
    jsonb_build_object(
        'en', 'Magnets, speakers',
        'zh-CN', '带磁', 'zh-TW', '帶磁'
    ),
    '{magnet}', '8518.22', false
),
(
    'powder',
    jsonb_build_object(
        'en', 'Powder',
        'zh-CN', '粉末', 'zh-TW', '粉末'
    ),
    '{powder}', '2106.90', false
),
(
    'knife',
    jsonb_build_object(
        'en', 'Knives',
        'zh-CN', '刀具', 'zh-TW', '刀具'
    ),
    '{knife}', '8211.92', false
),
(
    'books',
    jsonb_build_object(
        'en', 'Books',
        'zh-CN', '书籍', 'zh-TW', '書籍'
    ),
    '{general}', '4901.99', false
),
(
    'toys',
    jsonb_build_object(
        'en', 'Toys without battery',
        'zh-CN', '玩具', 'zh-TW', '玩具'
    ),
    '{general}', '9503.00', false
),
(
    'homeware',
    jsonb_build_object(
        'en', 'Homeware',
        'zh-CN', '家居用品', 'zh-TW', '家居用品'
    ),
    '{general}', '6911.10', false
),
(
    'branded',
    jsonb_build_object(
        'en', 'Branded goods: proof of purchase asked',
        'zh-CN', '品牌敏感货', 'zh-TW', '品牌貨'
    ),
    '{branded_sensitive}', '4202.22', false
),
(
    'seeds',
    jsonb_build_object(
        'en', 'Seeds, plants',
        'zh-CN', '种子植物', 'zh-TW', '種子植物'
    ),
    '{prohibited}', '1209.91', true
);

-- One row a carton. node_id of an expected parcel is where it was announced to, or null. Node and
-- bin have no foreign key (see nodes.bin); customers are never deleted, so that one costs little.
-- sequence counts the entries of the timeline and the outbox events alike.
create table parcels.parcel (
    parcel_id uuid primary key,
    tracking_number text not null check (length(tracking_number) between 4 and 48),
    tracking_original text not null,
    piece integer check (piece between 1 and 999),
    pieces integer check (pieces between 1 and 999),
    occurrence integer not null check (occurrence > 0),
    courier text,
    courier_candidates text[] not null,
    customer_id uuid references parties.customer,
    status text not null check (status in (
        'expected', 'received', 'inspected', 'stored', 'consolidating', 'packed', 'shipped',
        'delivered', 'returned', 'lost', 'merged', 'split', 'abandoned', 'destroyed', 'exception'
    )),
    announced_as text check (announced_as in ('pre_alert', 'order')),
    match_by text not null check (match_by in (
        'pre_alert', 'suite_code', 'phone_tail', 'order', 'manual', 'none'
    )),
    match_certainty text not null check (match_certainty in ('sure', 'ambiguous', 'none')),
    match_candidates integer not null check (match_candidates >= 0),
    node_id uuid,
    bin_id uuid,
    tags text[] not null default '{}',
    tags_by text not null default 'items' check (tags_by in ('items', 'staff')),
    held boolean not null default false,
    held_reason text,
    held_owner text,
    weight_g integer check (weight_g > 0),
    length_mm integer check (length_mm > 0),
    width_mm integer check (width_mm > 0),
    height_mm integer check (height_mm > 0),
    merged_into uuid references parcels.parcel,
    owner_tenant text,
    sequence bigint not null check (sequence > 0),
    announced_at timestamptz,
    received_at timestamptz,
    received_by text,
    recorded_at timestamptz not null default now(),
    check (held = (held_reason is not null and held_owner is not null)),
    check ((match_certainty = 'sure') = (customer_id is not null)),
    check (status <> 'expected' or (customer_id is not null and bin_id is null)),
    check (status in ('expected', 'merged') or (piece is not null and received_at is not null)),
    check (
        status not in ('received', 'inspected', 'stored')
        or (node_id is not null and bin_id is not null)
    ),
    check (
        status not in ('shipped', 'delivered', 'returned', 'lost', 'merged', 'split', 'destroyed')
        or bin_id is null
    )
);
create unique index parcel_live_key on parcels.parcel (tracking_number, piece, occurrence, node_id)
where status not in ('expected', 'merged');
create unique index parcel_announced_once
on parcels.parcel (tracking_number, customer_id, occurrence, coalesce(piece, 0))
where status = 'expected';
create index parcel_by_number on parcels.parcel (tracking_number);
create index parcel_of_customer on parcels.parcel (customer_id, status, parcel_id);
create index parcel_recent on parcels.parcel (node_id, received_at);
create index parcel_unclaimed on parcels.parcel (parcel_id) where customer_id is null;
create index parcel_in_bin on parcels.parcel (bin_id) where bin_id is not null;
grant insert (
    parcel_id, tracking_number, tracking_original, piece, pieces, occurrence, courier,
    courier_candidates, customer_id, status, announced_as, match_by, match_certainty,
    match_candidates, node_id, bin_id, tags, weight_g, length_mm, width_mm, height_mm,
    owner_tenant, sequence, announced_at, received_at, received_by
), update (
    tracking_original, piece, pieces, occurrence, courier, courier_candidates, customer_id, status,
    announced_as, announced_at,
    match_by, match_certainty, match_candidates, node_id, bin_id, tags, tags_by, held,
    held_reason, held_owner, weight_g, length_mm, width_mm, height_mm, merged_into, owner_tenant,
    sequence, received_at, received_by
) on parcels.parcel to entrepot_app;

create function parcels.check_status_change_v1()
returns trigger
language plpgsql as $$
begin
    if not parcels.status_may_change_v1(old.status, new.status) then
        raise exception 'a parcel cannot go from % to %', old.status, new.status
            using errcode = 'check_violation', constraint = 'parcel_status_edge';
    end if;
    return new;
end
$$;
create trigger status_edge before update of status on parcels.parcel
for each row when (old.status is distinct from new.status)
execute function parcels.check_status_change_v1();

-- What was declared. description is free text of a person: erasable.
create table parcels.item (
    item_id uuid primary key,
    parcel_id uuid not null references parcels.parcel,
    line integer not null check (line > 0),
    description text,
    category text references parcels.category,
    quantity integer not null check (quantity > 0),
    unit_price_minor bigint not null check (unit_price_minor >= 0),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    unique (parcel_id, line)
);
grant insert, update (parcel_id, line, description), delete on parcels.item to entrepot_app;

-- Evidence that named several customers, or none for sure: kept until the parcel has an owner.
create table parcels.candidate (
    parcel_id uuid not null references parcels.parcel,
    kind text not null check (kind in (
        'pre_alert', 'order', 'sibling', 'suite_code', 'phone_tail', 'suite_repaired', 'tail_only'
    )),
    customer_id uuid not null references parties.customer,
    primary key (parcel_id, kind, customer_id)
);
grant insert, delete on parcels.candidate to entrepot_app;

-- What staff read on the label of a parcel without owner: personal, erasable, deleted with the
-- doubt.
create table parcels.label_reading (
    parcel_id uuid primary key references parcels.parcel,
    label jsonb not null
);
grant insert, update (label), delete on parcels.label_reading to entrepot_app;

-- The timeline: ids, codes and numbers only.
create table parcels.parcel_event (
    parcel_id uuid not null references parcels.parcel,
    sequence bigint not null check (sequence > 0),
    verb text not null,
    at timestamptz not null,
    actor text not null,
    node_id uuid,
    bin_id uuid,
    facts jsonb not null,
    primary key (parcel_id, sequence)
);
grant insert on parcels.parcel_event to entrepot_app;

alter table parcels.parcel enable row level security;
create policy everyone_of_the_tenant on parcels.parcel for all to entrepot_app
using (true) with check (true);
create policy own_parcels on parcels.parcel for select to entrepot_shopper
using (customer_id = nullif(current_setting('entrepot.customer_id', true), '')::uuid);
grant select (
    parcel_id, tracking_number, tracking_original, piece, pieces, occurrence, courier,
    courier_candidates, customer_id, status, match_by, match_certainty, match_candidates, node_id,
    bin_id, tags, tags_by, held, held_reason, weight_g, length_mm, width_mm, height_mm,
    merged_into, sequence, announced_at, received_at
) on parcels.parcel to entrepot_shopper;

alter table parcels.item enable row level security;
create policy everyone_of_the_tenant on parcels.item for all to entrepot_app
using (true) with check (true);
create policy own_items on parcels.item for select to entrepot_shopper
using (exists (
    select from parcels.parcel as p
    where p.parcel_id = item.parcel_id
        and p.customer_id = nullif(current_setting('entrepot.customer_id', true), '')::uuid
));
grant select on parcels.item to entrepot_shopper;

alter table parcels.parcel_event enable row level security;
create policy everyone_of_the_tenant on parcels.parcel_event for all to entrepot_app
using (true) with check (true);
create policy own_timeline on parcels.parcel_event for select to entrepot_shopper
using (exists (
    select from parcels.parcel as p
    where p.parcel_id = parcel_event.parcel_id
        and p.customer_id = nullif(current_setting('entrepot.customer_id', true), '')::uuid
));
grant select (parcel_id, sequence, verb, at, actor, node_id, bin_id)
on parcels.parcel_event to entrepot_shopper;

alter table parcels.candidate enable row level security;
create policy everyone_of_the_tenant on parcels.candidate for all to entrepot_app
using (true) with check (true);
alter table parcels.label_reading enable row level security;
create policy everyone_of_the_tenant on parcels.label_reading for all to entrepot_app
using (true) with check (true);

-- SAFETY 2.7: a parcel in custody is in exactly one place, and that place is of its node.
create view parcels.violation_place as
select
    p.parcel_id,
    p.status,
    p.node_id,
    p.bin_id
from parcels.parcel as p
left join nodes.bin as b on b.bin_id = p.bin_id
where (p.status in ('received', 'inspected', 'stored', 'abandoned', 'exception')
        and (b.bin_id is null or b.node_id <> p.node_id))
    or (p.bin_id is not null and b.bin_id is null);

-- SAFETY 2.10: every entry of the timeline has its outbox event and the other way round, and the
-- sequence has no gap.
create view parcels.violation_event as
select
    coalesce(e.parcel_id, o.aggregate_id) as parcel_id,
    coalesce(e.sequence, o.sequence) as sequence,
    e.verb,
    o.name
from parcels.parcel_event as e
full join (
    select
        ox.aggregate_id,
        ox.sequence,
        ox.name
    from platform.outbox as ox
    where ox.aggregate = 'parcel'
) as o on o.aggregate_id = e.parcel_id and o.sequence = e.sequence
where e.parcel_id is null or o.aggregate_id is null or o.name <> 'parcel.' || e.verb;

create view parcels.violation_sequence as
select
    p.parcel_id,
    p.sequence,
    count(e.sequence) as entries,
    max(e.sequence) as last_sequence
from parcels.parcel as p
left join parcels.parcel_event as e on e.parcel_id = p.parcel_id
group by p.parcel_id, p.sequence
having count(e.sequence) <> p.sequence or coalesce(max(e.sequence), 0) <> p.sequence;

-- A parcel without owner carries its doubt; one with an owner carries none.
create view parcels.violation_candidate as
select distinct
    c.parcel_id,
    p.customer_id
from parcels.candidate as c
join parcels.parcel as p on p.parcel_id = c.parcel_id
where p.customer_id is not null or p.match_certainty <> 'ambiguous';
