-- Functions of the access room in a tenant's database. A change of meaning is a new _vN.

-- Whether this very version of a key may be used at this moment.
create or replace function access.key_alive_v1(
    p_key_id text, p_version int, p_at timestamptz
)
returns boolean
language sql stable as $$
    select exists (
        select 1 from access.api_key as k
        where k.key_id = p_key_id
            and k.version = p_version
            and k.state in ('active', 'retiring')
            and k.not_before <= p_at
            and (k.expires_at is null or p_at < k.expires_at)
    );
$$;

-- Claims a request signed by a key: `dead_key` when that version is not alive, and then nothing
-- is written; else as platform.claim_request_v1.
create or replace function access.claim_request_v1(
    p_key_id text, p_version int, p_credential text, p_nonce text, p_key text,
    p_fingerprint bytea, p_at timestamptz
)
returns table (verdict text, refused boolean, answer jsonb)
language plpgsql as $$
begin
    if not access.key_alive_v1(p_key_id, p_version, p_at) then
        return query select 'dead_key'::text, null::boolean, null::jsonb;
        return;
    end if;
    return query
    select c.verdict, c.refused, c.answer
    from platform.claim_request_v1(p_credential, p_nonce, p_key, p_fingerprint, p_at) as c;
end
$$;
