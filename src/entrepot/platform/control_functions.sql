-- Functions of the platform room in the control database. A change of meaning is a new _vN.

-- Puts a token: one live one for a tenant and kind. While it is leased, `again` asks for
-- another round; while it waits to be tried again after a failure, its time stands.
create or replace function platform.wake_v1(
    p_job_id uuid, p_tenant text, p_kind text, p_now timestamptz
)
returns void
language sql as $$
    insert into platform.job as j (job_id, tenant, kind, due_at, created_at)
    values (p_job_id, p_tenant, p_kind, p_now, p_now)
    on conflict (tenant, kind) where dead_at is null do update set again = true
    where j.leased_until is not null;
$$;

-- Leases the next due job, tenants in turn: the first tenant after the one served last that has
-- something due. Attempts are counted here; a job that was leased five times is dead.
create or replace function platform.lease_v1(
    p_worker text, p_now timestamptz, p_until timestamptz
)
returns table (job_id uuid, tenant text, kind text, attempts int)
language plpgsql as $$
#variable_conflict use_column
declare
    served text;
    next_job platform.job;
    round int;
begin
    select t.tenant into served from platform.job_turn as t for update;
    for round in 1..1000 loop
        select j.job_id, j.tenant, j.kind, j.due_at, j.attempts into next_job.job_id,
            next_job.tenant, next_job.kind, next_job.due_at, next_job.attempts
        from platform.job as j
        where j.dead_at is null and j.tenant > served and j.due_at <= p_now
            and (j.leased_until is null or j.leased_until <= p_now)
        order by j.tenant, j.due_at limit 1;
        if not found then
            exit when served = '';
            served := '';
            continue;
        end if;
        if next_job.attempts >= 5 then
            perform platform.forget_older_dead_v1(next_job.tenant, next_job.kind);
            update platform.job as j
            set dead_at = p_now, leased_until = null,
                last_error = coalesce(j.last_error, 'the worker died each time')
            where j.job_id = next_job.job_id;
            continue;
        end if;
        update platform.job as j
        set attempts = j.attempts + 1, leased_until = p_until, leased_by = p_worker, again = false
        where j.job_id = next_job.job_id;
        update platform.job_turn set tenant = next_job.tenant;
        return query select next_job.job_id, next_job.tenant, next_job.kind, next_job.attempts + 1;
        return;
    end loop;
    update platform.job_turn set tenant = '';
end
$$;

-- The job is done: the token goes, or waits for the next round if somebody woke it meanwhile
-- (or the worker says there is more). Only the holder of the lease may say so. The row is locked
-- before it is judged: a wake-up that comes between judging and deleting would be lost.
create or replace function platform.finish_v1(
    p_job_id uuid, p_worker text, p_more boolean, p_now timestamptz
)
returns boolean
language plpgsql as $$
declare
    woken boolean;
begin
    select j.again into woken from platform.job as j
    where j.job_id = p_job_id and j.leased_by = p_worker
    for update;
    if not found then
        return false;
    end if;
    if woken or p_more then
        update platform.job as j
        set attempts = 0, leased_until = null, leased_by = null, again = false, due_at = p_now,
            last_error = null
        where j.job_id = p_job_id;
    else
        delete from platform.job as j where j.job_id = p_job_id;
    end if;
    return true;
end
$$;

-- A token holds no data, so the newest dead letter of a tenant and kind says all that older ones
-- said: they go, or a lasting fault would leave one every few minutes.
create or replace function platform.forget_older_dead_v1(p_tenant text, p_kind text)
returns void
language sql as $$
    delete from platform.job as j
    where j.tenant = p_tenant and j.kind = p_kind and j.dead_at is not null;
$$;

-- The job failed: tried again later, or dead after the fifth time.
create or replace function platform.fail_v1(
    p_job_id uuid, p_worker text, p_error text, p_again_at timestamptz, p_now timestamptz
)
returns boolean
language plpgsql as $$
declare
    job record;
begin
    select j.tenant, j.kind, j.attempts >= 5 as is_dead into job from platform.job as j
    where j.job_id = p_job_id and j.leased_by = p_worker and j.dead_at is null
    for update;
    if not found then
        return false;
    end if;
    if job.is_dead then
        perform platform.forget_older_dead_v1(job.tenant, job.kind);
    end if;
    update platform.job as j
    set leased_until = null, leased_by = null, last_error = p_error, due_at = p_again_at,
        dead_at = case when job.is_dead then p_now end
    where j.job_id = p_job_id;
    return job.is_dead;
end
$$;

-- The tenant's database is away or the tenant is shut: later again, and the try does not count.
create or replace function platform.postpone_v1(
    p_job_id uuid, p_worker text, p_error text, p_again_at timestamptz
)
returns boolean
language plpgsql as $$
begin
    update platform.job as j
    set leased_until = null, leased_by = null, last_error = p_error, due_at = p_again_at,
        attempts = greatest(j.attempts - 1, 0)
    where j.job_id = p_job_id and j.leased_by = p_worker;
    return found;
end
$$;
