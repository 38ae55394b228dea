-- Named writes of cards, rules and what nodes offer.

-- name: bump_epoch
select platform.bump_epoch_v1('carriers');

-- name: insert_import
insert into carriers.import (
    import_id, imported_at, imported_by, form, cards, rules, sequence
)
values (:import_id, :now, :imported_by, :form, :cards, :rules, 1);

-- name: insert_cards
insert into carriers.card_version (
    card_id, service, version, valid_from, valid_to, document, sha256, import_id, sequence
)
select given.card_id, given.service, given.version, given.valid_from, given.valid_to,
    given.document, given.sha256, :import_id, 1
from unnest(
    :card_ids::uuid[], :services::text[], :versions::text[], :valid_froms::date[],
    :valid_tos::date[], :documents::text[], :sha256s::text[]
) as given (card_id, service, version, valid_from, valid_to, document, sha256);

-- name: insert_rules
insert into carriers.rule_version (kind, number, document, sha256, import_id)
select given.kind, given.number, given.document, given.sha256, :import_id
from unnest(:kinds::text[], :numbers::int[], :documents::text[], :sha256s::text[])
    as given (kind, number, document, sha256);

-- name: withdraw_card
update carriers.card_version set withdrawn_at = :now, sequence = sequence + 1
where service = :service and version = :version and withdrawn_at is null and valid_from > :today
returning card_id as id, sequence;

-- name: put_node_service
insert into carriers.node_service as s (
    node_service_id, node_id, service, offered, pick_up, sequence, changed_at
)
values (:node_service_id, :node_id, :service, :offered, :pick_up, 1, :now)
on conflict (node_id, service) do update
set offered = excluded.offered, pick_up = excluded.pick_up, sequence = s.sequence + 1,
    changed_at = excluded.changed_at
where (s.offered, s.pick_up) is distinct from (excluded.offered, excluded.pick_up)
returning s.node_service_id as id, s.sequence;

-- name: put_event
select platform.put_event_v1(
    :event_id, :name, 1, :aggregate, :aggregate_id, :sequence, :now, :actor, :body
);
