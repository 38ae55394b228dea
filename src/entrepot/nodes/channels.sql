-- Named statements about channels, their pools, and groups of nodes.

-- name: list_channels
select jsonb_build_object(
    'id', c.channel_id, 'code', c.code, 'version', c.sequence, 'names', c.names,
    'group', g.code, 'closed', c.closed_at is not null,
    'pool', (
        select coalesce(
            jsonb_agg(
                jsonb_build_object('node', n.code, 'priority', l.priority) order by l.priority
            ),
            '[]'
        )
        from nodes.channel_node as l
        inner join nodes.node as n on l.node_id = n.node_id
        where l.channel_id = c.channel_id
            and (:warehouses::text[] is null or n.code = any(:warehouses))
    )
) as body
from nodes.channel as c
left join nodes.node_group as g on c.group_id = g.group_id
where :code::text is null or c.code = :code
order by c.code;

-- name: list_groups
select jsonb_build_object(
    'id', g.group_id, 'code', g.code, 'version', g.sequence, 'names', g.names,
    'isolated', g.isolated,
    'nodes', (
        select coalesce(jsonb_agg(n.code order by n.code), '[]')
        from nodes.group_member as m
        inner join nodes.node as n on m.node_id = n.node_id
        where m.group_id = g.group_id
            and (:warehouses::text[] is null or n.code = any(:warehouses))
    ),
    'rules', (
        select coalesce(
            jsonb_agg(jsonb_build_object('to', t.code, 'verdict', r.verdict) order by t.code),
            '[]'
        )
        from nodes.group_rule as r
        inner join nodes.node_group as t on r.to_group_id = t.group_id
        where r.from_group_id = g.group_id
    )
) as body
from nodes.node_group as g
where :code::text is null or g.code = :code
order by g.code;

-- name: list_node_ids
select n.node_id as id, n.code from nodes.node as n
where n.code = any(:codes::text[]) and n.closed_at is null;

-- name: list_group_ids
select g.group_id as id, g.code from nodes.node_group as g where g.code = any(:codes::text[]);

-- name: list_isolated_pools
select v.channel, v.node from nodes.violation_isolated_pool as v order by v.channel, v.node
limit 20;

-- name: insert_channel
insert into nodes.channel (channel_id, code, names, group_id, sequence, created_at)
values (:channel_id, :code, :names, :group_id, 1, :now)
on conflict (code) do nothing;

-- name: update_channel
update nodes.channel set
    names = :names, group_id = :group_id, sequence = sequence + 1,
    closed_at = case when :closed::boolean then coalesce(closed_at, :now::timestamptz) end
where channel_id = :channel_id
returning sequence;

-- name: delete_pool
delete from nodes.channel_node where channel_id = :channel_id;

-- name: insert_pool
insert into nodes.channel_node (channel_id, node_id, priority)
select :channel_id, given.node_id, given.priority
from unnest(:node_ids::uuid[], :priorities::int[]) as given (node_id, priority);

-- name: insert_group
insert into nodes.node_group (group_id, code, names, isolated, sequence, created_at)
values (:group_id, :code, :names, :isolated, 1, :now);

-- name: update_group
update nodes.node_group set names = :names, isolated = :isolated, sequence = sequence + 1
where group_id = :group_id
returning sequence;

-- name: delete_members
delete from nodes.group_member where group_id = :group_id;

-- name: insert_members
insert into nodes.group_member (group_id, node_id)
select :group_id, given.node_id from unnest(:node_ids::uuid[]) as given (node_id);

-- name: delete_rules
delete from nodes.group_rule where from_group_id = :group_id;

-- name: insert_rules
insert into nodes.group_rule (from_group_id, to_group_id, verdict)
select :group_id, given.group_id, given.verdict
from unnest(:group_ids::uuid[], :verdicts::text[]) as given (group_id, verdict);

-- name: put_event
select platform.put_event_v1(
    :event_id, :name, 1, :aggregate, :aggregate_id, :sequence, :now, :actor, :body
);

-- name: bump_epoch
select platform.bump_epoch_v1('nodes');
