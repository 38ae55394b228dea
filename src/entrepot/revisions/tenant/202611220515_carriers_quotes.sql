-- Quotes: what was asked, what was answered, and every version that the answer was made of.

-- The machine of SAFETY 1, repeated from entrepot/carriers/state_edges.tsv; a test compares them.
create function carriers.quote_may_change_v1(p_from text, p_to text)
returns boolean
language sql immutable as $$
    select p_from || '>' || p_to = any(array['open>accepted', 'open>expired', 'open>superseded']);
$$;

-- subject: what was priced. fingerprint: SHA-256 of it as it was then. request, versions and answer
-- are canonical JSON texts, so that the same bytes can be made again (jsonb would reorder them).
-- Only the state columns change. An open quote whose expires_at has passed is expired; the row says
-- so when the sweep comes by.
create table carriers.quote (
    quote_id uuid primary key,
    subject_kind text not null check (subject_kind in ('pieces', 'parcels', 'consolidation')),
    subject_id uuid not null,
    fingerprint text not null check (fingerprint ~ '^[0-9a-f]{64}$'),
    customer_id uuid references parties.customer,
    warehouse text not null,
    request text not null,
    versions text not null,
    answer text not null,
    asked_by text not null,
    asked_at timestamptz not null,
    expires_at timestamptz not null check (expires_at > asked_at),
    status text not null check (status in ('open', 'accepted', 'expired', 'superseded')),
    accepted_service text,
    settled_at timestamptz,
    sequence bigint not null check (sequence > 0),
    recorded_at timestamptz not null default now(),
    check ((status = 'open') = (settled_at is null)),
    check ((status = 'accepted') = (accepted_service is not null))
);
create index quote_by_subject on carriers.quote (subject_id) where status = 'open';
create index quote_by_customer on carriers.quote (customer_id, quote_id);
create index quote_open_by_end on carriers.quote (expires_at) where status = 'open';
grant insert (
    quote_id, subject_kind, subject_id, fingerprint, customer_id, warehouse, request, versions,
    answer, asked_by, asked_at, expires_at, status, sequence
), update (status, accepted_service, settled_at, sequence) on carriers.quote
to entrepot_app, entrepot_shopper;

create function carriers.check_quote_change()
returns trigger
language plpgsql as $$
begin
    if not carriers.quote_may_change_v1(old.status, new.status) then
        raise exception 'a quote does not go from % to %', old.status, new.status
        using errcode = 'check_violation';
    end if;
    return new;
end
$$;
create trigger quote_machine before update of status on carriers.quote
for each row execute function carriers.check_quote_change();

alter table carriers.quote enable row level security;
create policy everyone_of_the_tenant on carriers.quote for all to entrepot_app
using (true) with check (true);
create policy own_quotes on carriers.quote for all to entrepot_shopper
using (customer_id = nullif(current_setting('entrepot.customer_id', true), '')::uuid)
with check (customer_id = nullif(current_setting('entrepot.customer_id', true), '')::uuid);
grant select (
    quote_id, subject_kind, subject_id, fingerprint, customer_id, warehouse, request, versions,
    answer, asked_at, expires_at, status, accepted_service, settled_at, sequence
) on carriers.quote to entrepot_shopper;

-- SAFETY 2.10: an outbox event exists if and only if its effect does.
create view carriers.violation_quote_event as
select
    q.quote_id,
    q.sequence,
    count(o.event_id) as events
from carriers.quote as q
left join platform.outbox as o on o.aggregate = 'quote' and o.aggregate_id = q.quote_id
group by q.quote_id, q.sequence
having count(o.event_id) <> q.sequence;
