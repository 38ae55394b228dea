-- Named writes of the carriers room.

-- name: insert_quote
with written as (
    insert into carriers.quote (
        quote_id, subject_kind, subject_id, fingerprint, parts, customer_id, warehouse, request,
        versions, answer, asked_by, asked_at, expires_at, status, sequence
    )
    values (
        :quote_id, :subject_kind, :subject_id, :fingerprint, :parts, :customer_id, :warehouse,
        :request, :versions, :answer, :asked_by, :now, :expires_at, 'open', 1
    )
    returning quote_id
)
select platform.put_event_v1(
    :event_id, 'quote.created', 1, 'quote', w.quote_id, 1, :now, :asked_by, :body
)
from written as w;

-- name: accept_quote
update carriers.quote set
    status = 'accepted', accepted_service = :service, settled_at = :now, sequence = sequence + 1
where quote_id = :quote_id and status = 'open' and expires_at > :now
returning sequence;

-- name: supersede_quotes
update carriers.quote set status = 'superseded', settled_at = :now, sequence = sequence + 1
where subject_id = :subject_id and subject_kind = :subject_kind and status = 'open'
    and quote_id is distinct from :but
returning quote_id as id, customer_id, warehouse, sequence;

-- name: expire_quotes
update carriers.quote set status = 'expired', settled_at = :now, sequence = sequence + 1
where quote_id in (
    select q.quote_id from carriers.quote as q
    where q.status = 'open' and q.expires_at <= :now
    order by q.expires_at
    limit :most
    for update skip locked
)
returning quote_id as id, customer_id, warehouse, sequence;

-- name: put_event
select platform.put_event_v1(
    :event_id, :name, 1, :aggregate, :aggregate_id, :sequence, :now, :actor, :body
);
