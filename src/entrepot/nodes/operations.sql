-- Named writes of the nodes room.

-- name: insert_node
insert into nodes.node (
    node_id, code, kind, zone, names, country, address, city, postcode, lat, lon, position_from,
    receiving_address, receiving_phone, steps_off, sequence, created_at
)
values (
    :node_id, :code, :kind, :zone, :names, :country, :address, :city, :postcode, :lat, :lon,
    :position_from, :receiving_address, :receiving_phone, :steps_off, 1, :now
)
on conflict (code) do nothing;

-- name: insert_bins
insert into nodes.bin (
    bin_id, node_id, code, bin_class, receiving, max_g, length_mm, width_mm, height_mm,
    max_parcels, created_at
)
select given.bin_id, :node_id, given.code, given.bin_class, given.receiving, given.max_g,
    given.length_mm, given.width_mm, given.height_mm, given.max_parcels, :now
from unnest(
    :bin_ids::uuid[], :codes::text[], :classes::text[], :receivings::boolean[], :max_gs::int[],
    :lengths_mm::int[], :widths_mm::int[], :heights_mm::int[], :max_parcels::int[]
) as given (
    bin_id, code, bin_class, receiving, max_g, length_mm, width_mm, height_mm, max_parcels
)
on conflict (node_id, code) do nothing;

-- name: next_sequence
update nodes.node set sequence = sequence + 1 where node_id = :node_id returning sequence;

-- name: put_event
select platform.put_event_v1(
    :event_id, :name, 1, 'node', :node_id, :sequence, :now, :actor, :body
);

-- name: bump_epoch
select platform.bump_epoch_v1('nodes');
