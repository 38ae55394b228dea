-- A scan at the dock, whole, in one statement: the key is alive, nonce and idempotency key are
-- claimed, the parcel is received, the event, the audit row and the answer are written.
-- p_key_id is null for people. p_warehouses is the caller's scope, null for every one.
-- p_ids: parcel, two events, one more event, audit row. verdict: dead_key, replayed, other_body,
-- or what platform.claim_request_v1 says; answer is the answer, or the refusal when refused.
create or replace function flows.receive_parcel_v1(
    p_key_id text, p_key_version integer, p_credential text, p_nonce text, p_key text,
    p_fingerprint bytea, p_request_id text, p_at timestamptz, p_actor text, p_warehouses text[],
    p_ids uuid[], p_warehouse text, p_number text, p_original text, p_piece integer,
    p_pieces integer, p_another boolean, p_courier text, p_couriers text[], p_codes text[],
    p_repaired text[], p_phone_digits text, p_name_key text, p_label jsonb, p_weight_g integer,
    p_length_mm integer, p_width_mm integer, p_height_mm integer
)
returns table (verdict text, refused boolean, answer jsonb)
language plpgsql as $$
declare
    place record;
    done_id uuid;
    outcome text := 'unknown_warehouse';
begin
    if p_key_id is not null and not access.key_alive_v1(p_key_id, p_key_version, p_at) then
        return query select 'dead_key'::text, null::boolean, null::jsonb;
        return;
    end if;
    select c.verdict, c.refused, c.answer into verdict, refused, answer
    from platform.claim_request_v1(p_credential, p_nonce, p_key, p_fingerprint, p_at) as c;
    if verdict <> 'fresh' then
        return next;
        return;
    end if;
    select n.node_id, n.bin_id, n.steps_off into place from nodes.receiving_place_v1(p_warehouse) as n
    where p_warehouses is null or p_warehouse = any(p_warehouses);
    refused := place.node_id is null;
    if refused then
        answer := jsonb_build_object(
            'status', 404, 'code', 'unknown_warehouse',
            'message', 'there is no warehouse of this code', 'facts',
            jsonb_build_object('warehouse', p_warehouse)
        );
    else
        select r.parcel_id, r.outcome, r.answer into done_id, outcome, answer
        from parcels.receive_v1(
            p_ids, p_at, p_actor, place.node_id, p_warehouse, place.bin_id, place.steps_off,
            p_number, p_original, p_piece, p_pieces, p_another, p_courier, p_couriers, p_codes,
            p_repaired, p_phone_digits, p_name_key, p_label, p_weight_g, p_length_mm, p_width_mm,
            p_height_mm
        ) as r;
    end if;
    perform platform.put_audit_v1(
        p_ids[5], p_at, p_actor, p_credential, null, p_request_id,
        case when refused then 'receive_parcel refused' else 'receive_parcel' end,
        'parcel', done_id, jsonb_build_object(
            'warehouse', p_warehouse, 'tracking_number', p_number, 'outcome', outcome
        )
    );
    if p_key is not null then
        perform platform.keep_answer_v1(p_credential, p_key, refused, answer);
    end if;
    return next;
end
$$;
