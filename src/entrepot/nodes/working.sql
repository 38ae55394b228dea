-- Named statements about how a node works.

-- name: list_details
select jsonb_build_object(
    'id', n.node_id, 'code', n.code, 'kind', n.kind, 'version', n.sequence, 'zone', n.zone,
    'names', n.names, 'country', n.country, 'address', n.address, 'city', n.city,
    'postcode', n.postcode, 'lat', n.lat, 'lon', n.lon, 'position_from', n.position_from,
    'region', n.region, 'regions_served', n.regions_served,
    'regions_blocked', n.regions_blocked, 'capabilities', n.capabilities,
    'attributes', n.attributes, 'weekdays', n.weekdays, 'opens', to_char(n.opens, 'HH24:MI'),
    'closes', to_char(n.closes, 'HH24:MI'), 'minutes_per_shipment', n.minutes_per_shipment,
    'minutes_per_unit', n.minutes_per_unit, 'quantities_master', n.quantities_master,
    'allocation_owner', n.allocation_owner
) || jsonb_build_object(
    'holidays', (
        select coalesce(jsonb_agg(h.day order by h.day), '[]')
        from nodes.holiday as h where h.node_id = n.node_id
    ),
    'closures', (
        select coalesce(
            jsonb_agg(
                jsonb_build_object('starts_at', c.starts_at, 'ends_at', c.ends_at)
                order by c.starts_at
            ),
            '[]'
        )
        from nodes.closure as c where c.node_id = n.node_id
    ),
    'staffed', (
        select coalesce(
            jsonb_agg(
                jsonb_build_object(
                    'weekday', h.weekday, 'opens', to_char(h.opens, 'HH24:MI'),
                    'closes', to_char(h.closes, 'HH24:MI'), 'people', h.people
                )
                order by h.weekday, h.opens
            ),
            '[]'
        )
        from nodes.hours as h where h.node_id = n.node_id and h.purpose = 'staffed'
    ),
    'pick_up', (
        select coalesce(
            jsonb_agg(
                jsonb_build_object(
                    'weekday', h.weekday, 'opens', to_char(h.opens, 'HH24:MI'),
                    'closes', to_char(h.closes, 'HH24:MI')
                )
                order by h.weekday, h.opens
            ),
            '[]'
        )
        from nodes.hours as h where h.node_id = n.node_id and h.purpose = 'pick_up'
    ),
    'capacities', (
        select coalesce(
            jsonb_agg(
                jsonb_build_object('counts', c.counts, 'daily_limit', c.daily_limit)
                order by c.counts
            ),
            '[]'
        )
        from nodes.capacity as c where c.node_id = n.node_id
    ),
    'groups', (
        select coalesce(jsonb_agg(g.code order by g.code), '[]')
        from nodes.group_member as m
        inner join nodes.node_group as g on m.group_id = g.group_id
        where m.node_id = n.node_id
    ),
    'lanes', (
        select coalesce(
            jsonb_agg(
                jsonb_build_object(
                    'carrier', a.carrier, 'region', a.region, 'attributes', a.attributes
                )
                order by a.carrier, a.region
            ),
            '[]'
        )
        from nodes.lane as a where a.node_id = n.node_id
    )
) as body
from nodes.node as n
left join nodes.channel as c on c.code = :channel
left join nodes.channel_node as l on c.channel_id = l.channel_id and n.node_id = l.node_id
where n.closed_at is null
    and (:warehouses::text[] is null or n.code = any(:warehouses))
    and (:codes::text[] is null or n.code = any(:codes))
    and (:channel::text is null or (l.node_id is not null and c.closed_at is null))
order by l.priority, n.code;

-- name: change_node
update nodes.node set
    zone = r.zone, names = r.names, country = r.country, address = r.address, city = r.city,
    postcode = r.postcode, lat = r.lat, lon = r.lon, position_from = r.position_from,
    region = r.region, regions_served = r.regions_served, regions_blocked = r.regions_blocked,
    capabilities = r.capabilities, attributes = r.attributes, weekdays = r.weekdays,
    opens = r.opens, closes = r.closes, minutes_per_shipment = r.minutes_per_shipment,
    minutes_per_unit = r.minutes_per_unit, quantities_master = r.quantities_master,
    allocation_owner = r.allocation_owner, sequence = sequence + 1
from jsonb_to_record(:row) as r (
    zone text, names jsonb, country text, address text, city text, postcode text,
    lat double precision, lon double precision, position_from text, region text,
    regions_served text[], regions_blocked text[], capabilities text[], attributes jsonb,
    weekdays int[], opens time, closes time, minutes_per_shipment int, minutes_per_unit int,
    quantities_master text, allocation_owner text
)
where node_id = :node_id
returning sequence;

-- name: delete_hours
delete from nodes.hours where node_id = :node_id;

-- name: delete_holidays
delete from nodes.holiday where node_id = :node_id;

-- name: delete_closures
delete from nodes.closure where node_id = :node_id;

-- name: delete_capacities
delete from nodes.capacity where node_id = :node_id;

-- name: delete_lanes
delete from nodes.lane where node_id = :node_id;

-- name: insert_lanes
insert into nodes.lane (node_id, carrier, region, attributes)
select :node_id, r.carrier, r.region, r.attributes
from jsonb_to_recordset(:rows) as r (carrier text, region text, attributes jsonb);

-- name: insert_hours
insert into nodes.hours (node_id, purpose, weekday, opens, closes, people)
select :node_id, r.purpose, r.weekday, r.opens, r.closes, coalesce(r.people, 1)
from jsonb_to_recordset(:rows) as r (
    purpose text, weekday int, opens time, closes time, people int
);

-- name: insert_holidays
insert into nodes.holiday (node_id, day)
select :node_id, r.day from jsonb_to_recordset(:rows) as r (day date);

-- name: insert_closures
insert into nodes.closure (node_id, starts_at, ends_at)
select :node_id, r.starts_at, r.ends_at
from jsonb_to_recordset(:rows) as r (starts_at timestamptz, ends_at timestamptz);

-- name: insert_capacities
insert into nodes.capacity (node_id, counts, daily_limit)
select :node_id, r.counts, r.daily_limit
from jsonb_to_recordset(:rows) as r (counts text, daily_limit bigint);

-- name: list_attributes
select a.name, a.type, a.allowed, a.names from nodes.attribute as a order by a.name;

-- name: insert_attribute
insert into nodes.attribute (name, type, allowed, names, created_at)
values (:name, :type, :allowed, :names, :now)
on conflict (name) do nothing;

-- name: widen_attribute
update nodes.attribute as a set allowed = :allowed, names = :names
where a.name = :name and a.type = :type and a.allowed <@ :allowed;
