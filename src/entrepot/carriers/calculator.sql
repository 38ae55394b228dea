-- Named reads of the public calculator: what a visitor may know without logging in.

-- name: list_offering
select n.code, n.names, n.zone
from nodes.node as n
where n.closed_at is null and exists (
    select 1 from carriers.node_service as s where s.node_id = n.node_id and s.offered
)
order by n.code;
