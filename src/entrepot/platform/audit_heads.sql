-- name: keep_head
insert into platform.audit_head as h (tenant, seal_number, hash, kept_at)
values (:tenant, :seal_number, :hash, :now)
on conflict (tenant) do update
set seal_number = excluded.seal_number, hash = excluded.hash, kept_at = excluded.kept_at
where h.seal_number < excluded.seal_number;

-- name: find_kept_head
select seal_number, hash from platform.audit_head where tenant = :tenant;
