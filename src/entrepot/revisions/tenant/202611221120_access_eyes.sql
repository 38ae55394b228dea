-- The access room: whose eyes see through an actor.

-- A program decides for whoever made its key: a person and the keys they made are one pair of
-- eyes, and so are all keys of one credential, whoever replaced them. made_by may be a key again.
create function access.eyes_of_v1(p_actor text)
returns text[]
language sql stable as $$
    with recursive seen as (
        select p_actor as actor
        union
        select k.made_by
        from seen as s
        join access.api_key as used
            on s.actor like 'key:%' and used.key_id = substr(s.actor, 5)
        join access.api_key as k on k.credential_id = used.credential_id
    )
    select array_agg(s.actor order by s.actor) from seen as s;
$$;

-- Whether one of the others looks through the same eyes.
create function access.same_eyes_v1(p_actor text, p_others text[])
returns boolean
language sql stable as $$
    select exists(
        select from unnest(p_others) as u (other)
        where access.eyes_of_v1(u.other) && access.eyes_of_v1(p_actor)
    );
$$;
