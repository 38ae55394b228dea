-- Functions of the nodes room. A change of meaning is a new _vN.

-- The place where a scan at this warehouse puts a parcel; no row when there is no such open node.
create or replace function nodes.receiving_place_v1(p_code text)
returns table (node_id uuid, bin_id uuid, bin_code text, steps_off text[])
language plpgsql stable as $$
begin
    return query select n.node_id, b.bin_id, b.code, n.steps_off
    from nodes.node as n
    join nodes.bin as b on b.node_id = n.node_id and b.receiving
    where n.code = p_code and n.closed_at is null;
end
$$;

-- Whether stock of a node may serve a group. A rule between two groups decides; without one a
-- group serves itself, and others unless one of the two is isolated. A node in several groups
-- must be allowed by each; a node in none may serve what is not isolated.
create or replace function nodes.may_serve_group_v1(p_node_id uuid, p_group_id uuid)
returns boolean
language sql stable as $$
    select coalesce(
        (
            select bool_and(
                case r.verdict
                    when 'allow' then true
                    when 'deny' then false
                    else own.group_id = p_group_id
                        or not (own.isolated or target.isolated)
                end
            )
            from nodes.group_member as m
            inner join nodes.node_group as own on m.group_id = own.group_id
            inner join nodes.node_group as target on target.group_id = p_group_id
            left join nodes.group_rule as r
                on r.from_group_id = own.group_id and r.to_group_id = p_group_id
            where m.node_id = p_node_id
        ),
        (select not g.isolated from nodes.node_group as g where g.group_id = p_group_id),
        false
    );
$$;

-- Whether stock may pass from one node to another, as by a transfer: it must be allowed towards
-- every group of the receiver; a receiver in no group takes from what is not isolated.
create or replace function nodes.may_supply_v1(p_from_node_id uuid, p_to_node_id uuid)
returns boolean
language sql stable as $$
    select coalesce(
        (
            select bool_and(nodes.may_serve_group_v1(p_from_node_id, m.group_id))
            from nodes.group_member as m
            where m.node_id = p_to_node_id
        ),
        not exists (
            select 1
            from nodes.group_member as m
            inner join nodes.node_group as g on m.group_id = g.group_id
            where m.node_id = p_from_node_id and g.isolated
        )
    );
$$;

-- Links of pools that the groups forbid: every write that could make one looks here before it
-- ends, so stock never has to ask.
create or replace view nodes.violation_isolated_pool as
select
    c.code as channel,
    n.code as node
from nodes.channel as c
inner join nodes.channel_node as l on c.channel_id = l.channel_id
inner join nodes.node as n on l.node_id = n.node_id
where c.group_id is not null and not nodes.may_serve_group_v1(n.node_id, c.group_id);
