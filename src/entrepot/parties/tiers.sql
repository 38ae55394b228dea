-- Named statements on member tiers.

-- name: find_member_tier
select c.member_tier as tier
from parties.customer as c
where c.customer_id = :customer_id
    and (:scope_customer_id::uuid is null or c.customer_id = :scope_customer_id);

-- name: change_member_tier
update parties.customer set member_tier = :tier, sequence = sequence + 1
where customer_id = :customer_id and member_tier is distinct from :tier
returning sequence;

-- name: put_event
select platform.put_event_v1(
    :event_id, 'customer.tier_changed', 1, 'customer', :customer_id, :sequence, :now, :actor, :body
);
