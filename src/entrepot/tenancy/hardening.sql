-- Closes a database to whom it does not belong. Run once, by the superuser, in the template that
-- every tenant's database is copied from; catalogue privileges travel with the copy. Whatever is
-- taken from PUBLIC is given to the owner, or pg_dump and revisions would break.
-- On managed servers some of it is refused; `entrepot isolation verify` lists what stays open.

revoke all on schema public from public;
revoke usage on language plpgsql from public;
grant usage on language plpgsql, sql to entrepot_owner;

do $harden$
declare
    thing record;
begin
    -- Relations of the catalogue that name, count or watch others.
    for thing in
        select c.oid::regclass as name
        from pg_catalog.pg_class as c
        where c.relnamespace = 'pg_catalog'::regnamespace
        and c.relkind in ('r', 'v')
        and (
            c.relisshared
            or c.relname in (
                'pg_roles', 'pg_user', 'pg_group', 'pg_shadow', 'pg_user_mappings', 'pg_seclabels',
                'pg_locks', 'pg_prepared_xacts', 'pg_settings', 'pg_replication_slots'
            )
            or (c.relkind = 'v' and c.relname ~ '^pg_stat(io)?_')
        )
    loop
        begin
            execute format('revoke all on %s from public', thing.name);
            execute format('grant select on %s to entrepot_owner', thing.name);
        exception when insufficient_privilege then
            raise warning 'stays open: %', thing.name;
        end;
    end loop;
    -- Functions that do the same, or leave traces outside of the database.
    for thing in
        select p.oid::regprocedure as name
        from pg_catalog.pg_proc as p
        where p.pronamespace = 'pg_catalog'::regnamespace
        and p.prokind = 'f'
        and (p.proacl is null or exists (
            select 1 from pg_catalog.aclexplode(p.proacl) as acl where acl.grantee = 0
        ))
        and (
            p.proname ~ (
                '^(pg_stat_|lo_|pg_logical_|pg_replication_|pg_control_|pg_current_wal_|pg_last_'
                '|pg_get_wal_|pg_wal_|pg_tablespace_|pg_identify_object|pg_create_.*_slot'
                '|pg_copy_.*_slot|pg_get_replication_|pg_current_xact_id|txid_current|has_.*_privilege$)'
            )
            or p.proname in (
                'loread', 'lowrite', 'pg_lock_status', 'pg_prepared_xact', 'pg_database_size',
                'pg_get_userbyid', 'pg_notify', 'pg_blocking_pids', 'pg_safe_snapshot_blocking_pids',
                'pg_isolation_test_session_is_blocked', 'pg_describe_object', 'pg_get_object_address',
                'pg_get_acl', 'makeaclitem', 'to_regrole', 'pg_has_role', 'shobj_description',
                'pg_show_all_settings', 'pg_xact_status', 'txid_status', 'pg_xact_commit_timestamp',
                'pg_get_multixact_members', 'pg_export_snapshot', 'pg_drop_replication_slot',
                'pg_sync_replication_slots', 'pg_available_wal_summaries', 'pg_cancel_backend',
                'pg_terminate_backend', 'pg_database_collation_actual_version',
                'pg_notification_queue_usage', 'pg_split_walfile_name'
            )
        )
        and p.proname <> 'txid_current_snapshot'
    loop
        begin
            execute format('revoke all on function %s from public', thing.name);
            execute format('grant execute on function %s to entrepot_owner', thing.name);
        exception when insufficient_privilege then
            raise warning 'stays open: %', thing.name;
        end;
    end loop;
end
$harden$;

-- What later revisions create is not PUBLIC's; the app may look and call, nothing else by itself.
alter default privileges for role entrepot_owner revoke all on functions from public;
alter default privileges for role entrepot_owner revoke all on types from public;
alter default privileges for role entrepot_owner
grant usage on types to entrepot_app, entrepot_shopper;
alter default privileges for role entrepot_owner grant select on tables to entrepot_app;
alter default privileges for role entrepot_owner grant execute on functions to entrepot_app;
alter default privileges for role entrepot_owner grant usage on schemas to entrepot_app;
