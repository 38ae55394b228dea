-- Named writes of the parcels room.

-- name: announce
select a.parcel_id, a.outcome
from parcels.announce_v1(
    :ids, :now, :actor, :customer_id, :number, :original, :piece, :pieces, :courier, :couriers,
    :warehouse, :items, 'pre_alert'
) as a;

-- name: announce_many
select a.parcel_id, a.outcome
from unnest(
    :id_lists::text[], :numbers::text[], :originals::text[], :piece_numbers::int[],
    :piece_counts::int[], :couriers::text[], :candidates::text[], :items::text[]
) as given (ids, number, original, piece, pieces, courier, candidates, items)
cross join lateral parcels.announce_v1(
    string_to_array(given.ids, ' ')::uuid[], :now, :actor, :customer_id, given.number,
    given.original, given.piece, given.pieces, given.courier,
    string_to_array(given.candidates, ' '), :warehouse, given.items::jsonb, 'pre_alert'
) as a;

-- name: lock_number_of
select parcels.lock_number_v1(p.tracking_number)
from parcels.parcel as p
left join nodes.node as n on n.node_id = p.node_id
where p.parcel_id = :parcel_id
    and (:warehouses::text[] is null or p.node_id is null or n.code = any(:warehouses));

-- name: take_parcel
select p.parcel_id, p.status, p.customer_id, n.code as warehouse, n.steps_off, b.code as bin,
    p.held, p.sequence
from parcels.parcel as p
left join nodes.node as n on n.node_id = p.node_id
left join nodes.bin as b on b.bin_id = p.bin_id
where p.parcel_id = :parcel_id
    and (:warehouses::text[] is null or p.node_id is null or n.code = any(:warehouses))
for update of p;

-- name: give_to
select parcels.give_to_v1(:ids, :now, :actor, :parcel_id, :customer_id, 'manual');

-- name: move_to
update parcels.parcel set status = :status, bin_id = :bin_id, sequence = sequence + 1
where parcel_id = :parcel_id and status = :status_before
returning sequence;

-- name: set_status
update parcels.parcel set status = :status, sequence = sequence + 1
where parcel_id = :parcel_id and status = :status_before
returning sequence;

-- name: record
select parcels.record_v1(
    :event_id, p.parcel_id, p.sequence, :verb, :now, :actor, p.node_id, p.bin_id, :body
)
from parcels.parcel as p where p.parcel_id = :parcel_id;

-- name: find_entry
select e.at, e.actor as by
from parcels.parcel_event as e
where e.parcel_id = :parcel_id and e.verb = :verb
order by e.sequence desc limit 1;
