-- name: wake
select platform.wake_v1(:job_id, :tenant, :kind, :now);

-- name: lease
select job_id, tenant, kind, attempts
from platform.lease_v1(:worker, :now, :until);

-- name: finish
select platform.finish_v1(:job_id, :worker, :more, :now);

-- name: fail
select platform.fail_v1(:job_id, :worker, :error, :again_at, :now);

-- name: postpone
select platform.postpone_v1(:job_id, :worker, :error, :again_at);

-- name: list_dead
select job_id, tenant, kind, attempts, dead_at, coalesce(last_error, '') as last_error
from platform.job
where dead_at is not null
order by dead_at desc, job_id
limit :most;

-- name: retry_dead
update platform.job as j
set dead_at = null, attempts = 0, due_at = :now
where j.job_id = :job_id and j.dead_at is not null
and not exists (
    select 1 from platform.job as live
    where live.tenant = j.tenant and live.kind = j.kind and live.dead_at is null
);

-- name: count_jobs
select
    count(*) filter (where dead_at is null) as waiting,
    count(*) filter (where dead_at is not null) as dead,
    min(due_at) filter (where dead_at is null and due_at <= :now) as oldest_due_at
from platform.job;

-- name: notify
select pg_notify(:channel, :payload);
