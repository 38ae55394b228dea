-- Every invariant view of the house, asked whether it returns a row; what a run need not look at.

-- Views that p_known names were answered by the run itself, which adds the ledger up only once.
create or replace function reconciliation.count_violations_v1(p_known text[], p_known_rows bigint[])
returns table (view text, rows bigint)
language plpgsql stable as $$
#variable_conflict use_column
declare
    v record;
    known integer;
begin
    for v in
        select n.nspname || '.' || c.relname as name
        from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
        where c.relkind = 'v' and c.relname like 'violation\_%'
        order by 1
    loop
        known := array_position(p_known, v.name);
        if known is null then
            -- not into a variable: only so may PostgreSQL share the reading among workers
            return query execute format('select %L::text, count(*) from %s', v.name, v.name);
        else
            view := v.name;
            rows := p_known_rows[known];
            return next;
        end if;
    end loop;
end
$$;

-- The nodes of all channels, in one word.
create or replace function reconciliation.pools_v1()
returns text
language sql stable as $$
    select coalesce(
        md5(string_agg(n.channel_id::text || n.node_id, ' ' order by n.channel_id, n.node_id)), ''
    )
    from nodes.channel_node as n
$$;

-- The age of transaction p_changed_after, if it is one of this database and of ages that can still
-- be told apart: numbers in rows have 32 bits.
create or replace function reconciliation.reach_v1(p_changed_after bigint)
returns integer
language sql stable as $$
    select age(mod(p_changed_after, 4294967296)::text::xid)
    where pg_snapshot_xmax(pg_current_snapshot())::text::bigint - p_changed_after
        between 0 and 2000000000
$$;
