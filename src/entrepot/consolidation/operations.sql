-- Named writes of the consolidation room.

-- name: open
insert into consolidation.consolidation (
    consolidation_id, number, customer_id, node_id, status, country, state, postcode, sequence,
    created_at
)
values (
    :consolidation_id, consolidation.next_number_v1(), :customer_id, :node_id, 'draft', :country,
    :state, :postcode, 1, :now
)
returning number;

-- name: take
select c.status
from consolidation.consolidation as c
where c.consolidation_id = :consolidation_id
    and (:scope_customer_id::uuid is null or c.customer_id = :scope_customer_id)
for update;

-- name: drop_foreign_claims
select consolidation.drop_foreign_claims_v1(:parcel_ids, :event_ids, :now, :actor);

-- In order of parcels, so that two drafts that want the same never wait for each other in a circle.
-- name: claim
insert into consolidation.claim (parcel_id, consolidation_id, asked, claimed_at)
select given.parcel_id, :consolidation_id, :asked, :now
from unnest(:parcel_ids::uuid[]) as given (parcel_id)
order by given.parcel_id
on conflict (parcel_id) do nothing
returning parcel_id;

-- name: release
delete from consolidation.claim
where consolidation_id = :consolidation_id and parcel_id = any(:parcel_ids);

-- name: release_all
delete from consolidation.claim where consolidation_id = :consolidation_id;

-- name: advance
update consolidation.consolidation set sequence = sequence + 1
where consolidation_id = :consolidation_id
returning sequence;

-- name: put_event
select platform.put_event_v1(
    :event_id, :name, 1, 'consolidation', :consolidation_id, :sequence, :now, :actor, :body
);

-- name: send_to
update consolidation.consolidation
set country = :country, state = :state, postcode = :postcode
where consolidation_id = :consolidation_id;

-- name: put_prediction
insert into consolidation.prediction (
    prediction_id, consolidation_id, quote_id, fingerprint, predicted_at, low_g, high_g, packing,
    apart, missing
)
values (
    :prediction_id, :consolidation_id, :quote_id, :fingerprint, :now, :low_g, :high_g, :packing,
    :apart, :missing
);

-- name: put_predicted_lines
insert into consolidation.predicted_line
    (prediction_id, service, low_minor, high_minor, currency)
select :prediction_id, given.service, given.low_minor, given.high_minor, :currency
from unnest(:services::text[], :lows::bigint[], :highs::bigint[])
    as given (service, low_minor, high_minor);

-- name: show_prediction
update consolidation.consolidation
set prediction_id = :prediction_id, chosen_prediction_id = null, chosen_service = null,
    chosen_at = null
where consolidation_id = :consolidation_id;

-- name: choose
update consolidation.consolidation
set chosen_prediction_id = prediction_id, chosen_service = :service, chosen_at = :now
where consolidation_id = :consolidation_id;

-- name: cancel
update consolidation.consolidation set status = :status, ended_at = :now
where consolidation_id = :consolidation_id;

-- name: change_setting
update consolidation.setting set rules = :rules, changed_at = :now;

-- name: end_cartons
delete from consolidation.carton;

-- name: put_cartons
insert into consolidation.carton (code, inner_mm, outer_mm, tare_g, max_g, cost_minor)
select g.carton ->> 'code',
    array(select s::int from jsonb_array_elements_text(g.carton -> 'inner_mm') as s),
    array(select s::int from jsonb_array_elements_text(g.carton -> 'outer_mm') as s),
    (g.carton ->> 'tare_g')::int, (g.carton ->> 'max_g')::int,
    (g.carton ->> 'cost_minor')::bigint
from jsonb_array_elements(:cartons::jsonb) as g (carton);

-- name: put_outcome
insert into consolidation.outcome (
    consolidation_id, prediction_id, outer_mm, gross_g, total_minor, packed_at
)
select c.consolidation_id, c.chosen_prediction_id, :outer_mm, :gross_g, :total_minor, :now
from consolidation.consolidation as c
where c.consolidation_id = :consolidation_id and c.chosen_prediction_id is not null
on conflict (consolidation_id) do nothing;
