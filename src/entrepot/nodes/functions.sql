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
