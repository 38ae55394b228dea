-- Functions of the parcels room: parcels as documents. A change of meaning is a new _vN.

-- One entry of a timeline as documents show it.
create or replace function parcels.entry_json_v1(
    p_sequence bigint, p_verb text, p_at timestamptz, p_actor text, p_node text, p_bin text
)
returns jsonb
language sql immutable as $$
    select jsonb_build_object(
        'sequence', p_sequence, 'verb', p_verb, 'at', p_at, 'actor', p_actor,
        'place', case when p_node is not null then
            jsonb_build_object('warehouse', p_node, 'bin', p_bin) end
    );
$$;

-- A parcel in a list: a ParcelSummary document. Reads with the caller's rights.
create or replace function parcels.summary_json_v1(p_parcel_id uuid)
returns jsonb
language sql stable as $$
    select jsonb_build_object(
        'id', p.parcel_id, 'tracking_number', p.tracking_number, 'piece', p.piece,
        'pieces', p.pieces, 'courier', p.courier, 'status', p.status,
        'customer', case when p.customer_id is not null then jsonb_build_object(
            'id', p.customer_id, 'name', c.name, 'suite_code', c.suite_code) end,
        'tags', p.tags, 'held', p.held, 'weight_g', p.weight_g, 'announced_at', p.announced_at,
        'received_at', p.received_at,
        'last_event', parcels.entry_json_v1(e.sequence, e.verb, e.at, e.actor, n.code, b.code)
    )
    from parcels.parcel as p
    join parcels.parcel_event as e on e.parcel_id = p.parcel_id and e.sequence = p.sequence
    left join parties.customer as c on c.customer_id = p.customer_id
    left join nodes.node as n on n.node_id = e.node_id
    left join nodes.bin as b on b.bin_id = e.bin_id
    where p.parcel_id = p_parcel_id;
$$;

-- Everything about one parcel: a ParcelDetail document. Reads with the caller's rights.
create or replace function parcels.detail_json_v1(p_parcel_id uuid)
returns jsonb
language sql stable as $$
    select parcels.summary_json_v1(p.parcel_id) || jsonb_build_object(
        'tracking_original', p.tracking_original,
        'arrived', (
            select count(*) from parcels.parcel as s
            where s.tracking_number = p.tracking_number and s.occurrence = p.occurrence
                and s.customer_id is not distinct from p.customer_id
                and s.status not in ('expected', 'merged')
        ),
        'occurrence', p.occurrence, 'courier_candidates', p.courier_candidates,
        'match', jsonb_build_object(
            'by', p.match_by, 'certainty', p.match_certainty, 'candidates', p.match_candidates
        ),
        'place', case when p.bin_id is not null then
            jsonb_build_object('warehouse', n.code, 'bin', b.code) end,
        'warehouse', n.code, 'tags_by', p.tags_by, 'held_reason', p.held_reason,
        'length_mm', p.length_mm, 'width_mm', p.width_mm, 'height_mm', p.height_mm,
        'items', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'description', i.description, 'category', i.category, 'quantity', i.quantity,
                'unit_price_minor', i.unit_price_minor, 'currency', i.currency
            ) order by i.line), '[]')
            from parcels.item as i where i.parcel_id = p.parcel_id
        ),
        'timeline', (
            select jsonb_agg(parcels.entry_json_v1(
                e.sequence, e.verb, e.at, e.actor, en.code, eb.code
            ) order by e.sequence)
            from parcels.parcel_event as e
            left join nodes.node as en on en.node_id = e.node_id
            left join nodes.bin as eb on eb.bin_id = e.bin_id
            where e.parcel_id = p.parcel_id
        )
    )
    from parcels.parcel as p
    left join nodes.node as n on n.node_id = p.node_id
    left join nodes.bin as b on b.bin_id = p.bin_id
    where p.parcel_id = p_parcel_id;
$$;

-- What shoppers may see of parcels without owner: enough to recognise one's own, not enough to
-- claim another's. Runs as owner: row security hides these rows from shoppers.
create or replace function parcels.unclaimed_masked_v1(p_most integer)
returns table (
    parcel_id uuid, masked text, courier text, warehouse text, received_at timestamptz
)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select p.parcel_id,
        left(p.tracking_number, 2) || repeat('•', length(p.tracking_number) - 4)
        || right(p.tracking_number, 2),
        p.courier, n.code, p.received_at
    from parcels.parcel as p
    join nodes.node as n on n.node_id = p.node_id
    where p.customer_id is null and p.bin_id is not null
    order by p.parcel_id desc limit p_most;
$$;
comment on function parcels.unclaimed_masked_v1 is
'runs as owner: shows masked numbers of parcels without owner, nothing of anybody';
grant execute on function parcels.unclaimed_masked_v1(integer),
parcels.summary_json_v1(uuid), parcels.detail_json_v1(uuid),
parcels.entry_json_v1(bigint, text, timestamptz, text, text, text) to entrepot_shopper;
