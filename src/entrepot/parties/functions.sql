-- Functions of the parties room. A change of meaning is a new _vN.

-- Whether two texts are equal or differ in one place only (entrepot.parties.persons.one_apart).
create or replace function parties.one_apart_v1(p_a text, p_b text)
returns boolean
language sql immutable as $$
    select length(p_a) = length(p_b) and (
        select count(*) <= 1
        from generate_series(1, length(p_a)) as place
        where substr(p_a, place, 1) <> substr(p_b, place, 1)
    );
$$;

-- Whether the shown end of a phone is the end of the known one, up to eight digits.
create or replace function parties.same_phone_end_v1(p_known text, p_shown text)
returns boolean
language sql immutable as $$
    select least(length(p_known), length(p_shown)) >= 4
        and right(p_known, least(length(p_known), length(p_shown), 8))
        = right(p_shown, least(length(p_known), length(p_shown), 8));
$$;

-- What a label says about the customers: the same rule as entrepot.parcels.matching.
-- p_codes and p_repaired are compact suite codes, p_name_key '' when no name can be read.
create or replace function parties.label_evidence_v1(
    p_codes text[], p_repaired text[], p_phone_digits text, p_name_key text
)
returns table (kind text, customer_id uuid)
language plpgsql stable as $$
begin
    if cardinality(p_codes) > 0 then
        return query
        select 'suite_code'::text, c.customer_id
        from parties.customer as c where c.suite_compact = any(p_codes);
    end if;
    if cardinality(p_repaired) > 0 then
        return query
        select 'suite_repaired'::text, c.customer_id
        from parties.customer as c where c.suite_compact = any(p_repaired);
    end if;
    if p_phone_digits = '' then
        return;
    end if;
    if p_name_key = '' then
        return query
        select 'tail_only'::text, c.customer_id
        from parties.customer as c where c.phone_tail = right(p_phone_digits, 4);
        return;
    end if;
    return query
    with near as (
        select c.customer_id,
            c.name_key = p_name_key
            and parties.same_phone_end_v1(c.phone_digits, p_phone_digits) as same
        from parties.customer as c
        where c.phone_tail = right(p_phone_digits, 4)
            and parties.one_apart_v1(c.name_key, p_name_key)
        union
        select c.customer_id, false
        from parties.customer as c
        where c.name_key = p_name_key and c.phone_tail <> right(p_phone_digits, 4)
            and parties.one_apart_v1(c.phone_tail, right(p_phone_digits, 4))
    )
    select case when bool_or(n.same) over () then 'phone_tail' else 'tail_only' end, n.customer_id
    from near as n;
end
$$;
