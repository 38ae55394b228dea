-- The stock room: a request to close a transfer short ends by itself when everything arrives.
alter table stock.adjustment add column ended_because text check (
    ended_because in ('all_arrived')
);
alter table stock.adjustment add constraint adjustment_ended_check check (
    ended_because is null or (state = 'withdrawn' and transfer_id is not null)
);
grant update (ended_because) on stock.adjustment to entrepot_app;

-- Those that wait although everything had come. Functions are younger than revisions where a
-- database is new; there nothing waits.
do $$
declare
    r record;
begin
    for r in
        select a.adjustment_id, a.sequence + 1 as sequence, x.closed_at, x.closed_by, n.code
        from stock.adjustment as a
        join stock.transfer as x on x.transfer_id = a.transfer_id and x.state = 'received'
        join nodes.node as n on n.node_id = x.to_node
        where a.state = 'requested'
    loop
        update stock.adjustment as a
        set state = 'withdrawn', ended_because = 'all_arrived', decided_at = r.closed_at,
            decided_by = r.closed_by, sequence = r.sequence
        where a.adjustment_id = r.adjustment_id;
        perform platform.put_event_v1(
            stock.event_id_v1(r.adjustment_id, 'all_arrived'), 'adjustment.withdrawn', 1,
            'adjustment', r.adjustment_id, r.sequence, r.closed_at, r.closed_by,
            jsonb_build_object(
                'id', r.adjustment_id, 'warehouse', r.code, 'state', 'withdrawn', 'because',
                'all_arrived'
            )
        );
    end loop;
end
$$;

-- What waits to write off the rest of a transfer of which nothing is under way any more.
create view stock.violation_transfer_asked as
select
    a.adjustment_id,
    a.transfer_id,
    x.state
from stock.adjustment as a
inner join stock.transfer as x on a.transfer_id = x.transfer_id
where a.state = 'requested' and x.state <> 'sent';
