-- The consolidation room: drafts that claim parcels, what was predicted for them, what came of it.

create schema consolidation;
grant usage on schema consolidation to entrepot_app, entrepot_shopper;

-- The machine of SAFETY 1, repeated from entrepot/consolidation/state_edges.tsv; a test compares.
create function consolidation.status_may_change_v1(p_from text, p_to text)
returns boolean
language sql immutable as $$
    select p_from || '>' || p_to = any(array[
        'draft>requested', 'draft>cancelled', 'requested>cancelled', 'requested>packing',
        'packing>packed', 'packing>unpacking', 'packed>unpacking', 'unpacking>cancelled'
    ]);
$$;

-- Which parcels may join (entrepot.consolidation.eligibility.Rules).
create table consolidation.setting (
    only_row boolean primary key default true check (only_row),
    rules jsonb not null,
    changed_at timestamptz
);
insert into consolidation.setting (rules) values (jsonb_build_object(
    'statuses', jsonb_build_array('received', 'inspected', 'stored'),
    'coming', jsonb_build_array('expected'),
    'measured', true, 'declared', true, 'refused_tags', jsonb_build_array('prohibited'),
    'most_overdue_minor', 0, 'complete_sets', true
));
grant update (rules, changed_at) on consolidation.setting to entrepot_app;
grant select on consolidation.setting to entrepot_shopper;

-- The cartons one packs into. Sides are length, width, height; max_g is the tare included.
create table consolidation.carton (
    code text primary key check (length(code) between 1 and 80),
    inner_mm integer[] not null check (cardinality(inner_mm) = 3 and 0 < all(inner_mm)),
    outer_mm integer[] not null check (cardinality(outer_mm) = 3 and 0 < all(outer_mm)),
    tare_g integer not null check (tare_g >= 0),
    max_g integer not null check (max_g > tare_g),
    cost_minor bigint not null check (cost_minor >= 0)
);
insert into consolidation.carton (code, inner_mm, outer_mm, tare_g, max_g, cost_minor) values
('K1', '{180,120,60}', '{190,130,70}', 60, 2000, 60),
('K2', '{250,180,120}', '{262,192,134}', 130, 5000, 110),
('K3', '{330,230,180}', '{344,244,196}', 260, 10000, 190),
('K4', '{400,300,250}', '{416,316,270}', 480, 20000, 320),
('K5', '{500,400,350}', '{518,418,372}', 820, 30000, 520),
('K6', '{600,450,400}', '{620,470,426}', 1150, 30000, 760),
('B1', '{300,250,30}', '{300,250,30}', 25, 2000, 40),
('B2', '{450,380,60}', '{450,380,60}', 45, 4000, 70);
grant insert, delete on consolidation.carton to entrepot_app;
grant select on consolidation.carton to entrepot_shopper;

-- Parcels of one customer in one warehouse that shall leave together. country, state and postcode
-- are where to, as far as a price needs it; erasing a customer empties state and postcode.
-- prediction_id is the latest prediction, chosen_* the line that the customer has fixed.
create table consolidation.consolidation (
    consolidation_id uuid primary key,
    number bigint not null unique check (number > 0),
    customer_id uuid not null references parties.customer,
    node_id uuid not null references nodes.node,
    status text not null check (status in (
        'draft', 'requested', 'packing', 'packed', 'unpacking', 'cancelled'
    )),
    country text check (country ~ '^[A-Z]{2}$'),
    state text,
    postcode text,
    prediction_id uuid,
    chosen_prediction_id uuid,
    chosen_service text,
    chosen_at timestamptz,
    sequence bigint not null check (sequence > 0),
    created_at timestamptz not null,
    ended_at timestamptz,
    recorded_at timestamptz not null default now(),
    check ((chosen_service is null) = (chosen_prediction_id is null)),
    check ((chosen_service is null) = (chosen_at is null)),
    check ((status = 'cancelled') = (ended_at is not null)),
    check (status in ('draft', 'cancelled') or chosen_service is not null)
);
create index consolidation_of_customer
on consolidation.consolidation (customer_id, consolidation_id);
create index consolidation_at_node on consolidation.consolidation (node_id, consolidation_id);
grant insert (
    consolidation_id, number, customer_id, node_id, status, country, state, postcode, sequence,
    created_at
), update (
    status, country, state, postcode, prediction_id, chosen_prediction_id, chosen_service,
    chosen_at, sequence, ended_at
) on consolidation.consolidation to entrepot_app, entrepot_shopper;
grant select on consolidation.consolidation to entrepot_shopper;

create function consolidation.check_status_change_v1()
returns trigger
language plpgsql as $$
begin
    if not consolidation.status_may_change_v1(old.status, new.status) then
        raise exception 'a consolidation cannot go from % to %', old.status, new.status
            using errcode = 'check_violation', constraint = 'consolidation_status_edge';
    end if;
    return new;
end
$$;
create trigger status_edge before update of status on consolidation.consolidation
for each row when (old.status is distinct from new.status)
execute function consolidation.check_status_change_v1();

-- One row a parcel: a draft does not move it, it claims it. A second claim meets the key.
create table consolidation.claim (
    parcel_id uuid primary key references parcels.parcel,
    consolidation_id uuid not null references consolidation.consolidation,
    asked boolean not null,
    claimed_at timestamptz not null
);
comment on column consolidation.claim.asked is
'the customer named this parcel, so an incomplete set is wanted so';
create index claim_of on consolidation.claim (consolidation_id);
grant insert, delete on consolidation.claim to entrepot_app, entrepot_shopper;
grant select on consolidation.claim to entrepot_shopper;

-- What was predicted of a set of parcels: cartons with what lies where, weights from empty to full
-- voids, what the parcels would cost apart. fingerprint covers all that a price depends on but
-- cards and catalogue. quote_id is of carriers.quote; without one `missing` says why.
create table consolidation.prediction (
    prediction_id uuid primary key,
    consolidation_id uuid not null references consolidation.consolidation,
    quote_id uuid,
    fingerprint text not null check (fingerprint ~ '^[0-9a-f]{64}$'),
    predicted_at timestamptz not null,
    low_g integer not null check (low_g >= 0),
    high_g integer not null check (high_g >= low_g),
    packing jsonb not null,
    apart jsonb not null,
    missing text,
    check ((quote_id is null) = (missing is not null))
);
create index prediction_of on consolidation.prediction (consolidation_id);
grant insert on consolidation.prediction to entrepot_app, entrepot_shopper;
grant select on consolidation.prediction to entrepot_shopper;

create table consolidation.predicted_line (
    prediction_id uuid not null references consolidation.prediction,
    service text not null,
    low_minor bigint not null,
    high_minor bigint not null check (high_minor >= low_minor),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    primary key (prediction_id, service)
);
grant insert on consolidation.predicted_line to entrepot_app, entrepot_shopper;
grant select on consolidation.predicted_line to entrepot_shopper;

-- What was packed in the end, beside the prediction that the customer chose by.
create table consolidation.outcome (
    consolidation_id uuid primary key references consolidation.consolidation,
    prediction_id uuid not null references consolidation.prediction,
    outer_mm jsonb not null,
    gross_g integer not null check (gross_g > 0),
    total_minor bigint not null check (total_minor >= 0),
    packed_at timestamptz not null
);
grant insert on consolidation.outcome to entrepot_app;

alter table consolidation.consolidation enable row level security;
create policy everyone_of_the_tenant on consolidation.consolidation for all to entrepot_app
using (true) with check (true);
create policy own_drafts on consolidation.consolidation for all to entrepot_shopper
using (customer_id = nullif(current_setting('entrepot.customer_id', true), '')::uuid)
with check (
    customer_id = nullif(current_setting('entrepot.customer_id', true), '')::uuid
    and status in ('draft', 'requested', 'cancelled')
);

alter table consolidation.claim enable row level security;
create policy everyone_of_the_tenant on consolidation.claim for all to entrepot_app
using (true) with check (true);
create policy own_claims on consolidation.claim for select to entrepot_shopper
using (exists (
    select from consolidation.consolidation as c where c.consolidation_id = claim.consolidation_id
        and c.customer_id = nullif(current_setting('entrepot.customer_id', true), '')::uuid
));
create policy release_own on consolidation.claim for delete to entrepot_shopper
using (exists (
    select from consolidation.consolidation as c where c.consolidation_id = claim.consolidation_id
        and c.customer_id = nullif(current_setting('entrepot.customer_id', true), '')::uuid
));
create policy claim_own on consolidation.claim for insert to entrepot_shopper
with check (
    exists (
        select from consolidation.consolidation as c
        where c.consolidation_id = claim.consolidation_id
            and c.customer_id = nullif(current_setting('entrepot.customer_id', true), '')::uuid
    ) and exists (
        select from parcels.parcel as p where p.parcel_id = claim.parcel_id
            and p.customer_id = nullif(current_setting('entrepot.customer_id', true), '')::uuid
    )
);

alter table consolidation.prediction enable row level security;
create policy everyone_of_the_tenant on consolidation.prediction for all to entrepot_app
using (true) with check (true);
create policy own_predictions on consolidation.prediction for all to entrepot_shopper
using (exists (
    select from consolidation.consolidation as c
    where c.consolidation_id = prediction.consolidation_id
        and c.customer_id = nullif(current_setting('entrepot.customer_id', true), '')::uuid
))
with check (exists (
    select from consolidation.consolidation as c
    where c.consolidation_id = prediction.consolidation_id
        and c.customer_id = nullif(current_setting('entrepot.customer_id', true), '')::uuid
));

alter table consolidation.predicted_line enable row level security;
create policy everyone_of_the_tenant on consolidation.predicted_line for all to entrepot_app
using (true) with check (true);
create policy own_lines on consolidation.predicted_line for all to entrepot_shopper
using (exists (
    select from consolidation.prediction as p where p.prediction_id = predicted_line.prediction_id
))
with check (exists (
    select from consolidation.prediction as p where p.prediction_id = predicted_line.prediction_id
));

alter table consolidation.outcome enable row level security;
create policy everyone_of_the_tenant on consolidation.outcome for all to entrepot_app
using (true) with check (true);

-- Claims are those of live consolidations, and no others (SAFETY 2.7 for drafts).
create view consolidation.violation_claim as
select
    k.parcel_id,
    k.consolidation_id,
    c.status
from consolidation.claim as k
join consolidation.consolidation as c on c.consolidation_id = k.consolidation_id
where c.status = 'cancelled';

-- SAFETY 2.10: the sequence counts the outbox events.
create view consolidation.violation_consolidation_event as
select
    c.consolidation_id,
    c.sequence,
    count(o.event_id) as events
from consolidation.consolidation as c
left join platform.outbox as o
    on o.aggregate = 'consolidation' and o.aggregate_id = c.consolidation_id
group by c.consolidation_id, c.sequence
having count(o.event_id) <> c.sequence;

-- A chosen line was predicted for this very consolidation.
create view consolidation.violation_choice as
select
    c.consolidation_id,
    c.chosen_service
from consolidation.consolidation as c
left join consolidation.prediction as p
    on p.prediction_id = c.chosen_prediction_id and p.consolidation_id = c.consolidation_id
left join consolidation.predicted_line as l
    on l.prediction_id = p.prediction_id and l.service = c.chosen_service
where c.chosen_service is not null and l.service is null;
