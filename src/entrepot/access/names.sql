-- What actors are called, for people to read: a person's name, a key's label.

-- name: list_names
select u.actor, coalesce(p.name, k.label) as name
from unnest(:actors::text[]) as u (actor)
left join access.person as p on u.actor = 'person:' || p.person_id
left join access.api_key as k on u.actor = 'key:' || k.key_id
where p.person_id is not null or k.key_id is not null;
