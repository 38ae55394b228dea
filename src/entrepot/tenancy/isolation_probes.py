"""What a tenant's login must not be able to do, as statements it tries in its own database.

A probe that is refused is closed. One that works is open, unless it stands
on the accept list: `accepted` then says why it cannot be closed and why that does no harm.
Placeholders: {own} the login that tries, {database} its database; {other}, {other_oid},
{other_database}, {other_database_oid} a stranger's.
"""

import msgspec


class Probe(msgspec.Struct, frozen=True):
    """One statement to try. `effect`: it would change something, so it is rolled back.

    `undo` is for one that must stand outside of a transaction. `needs_rows`: working but
    finding nothing is closed as well. `only` limits it to one kind of login.
    """

    layer: str
    name: str
    sql: str
    effect: bool = False
    undo: str = ""
    accepted: str = ""
    only: str = ""
    needs_rows: bool = False


def _reads(layer: str, **statements: str) -> list[Probe]:
    return [Probe(layer, name, sql) for name, sql in statements.items()]


def _effects(layer: str, **statements: str) -> list[Probe]:
    return [Probe(layer, name, sql, effect=True) for name, sql in statements.items()]


def _relations(layer: str, *names: str) -> list[Probe]:
    """Whether the relation shows anything at all."""
    return [Probe(layer, name, f"select * from {name} limit 1") for name in names]


_OPAQUE = "cannot be revoked; names of roles are random and tell nothing"
_OWN_SESSION = "a setting of one's own session; it reaches nobody else's"
_COUNTS = "cannot be revoked; a number that grows with the server's work and names nobody"

_NAMES = [
    *_relations(
        "names", "pg_database", "pg_roles", "pg_authid", "pg_user", "pg_shadow", "pg_group",
        "pg_auth_members", "pg_db_role_setting", "pg_shdescription", "pg_shdepend",
        "pg_tablespace", "pg_subscription", "pg_replication_origin", "pg_parameter_acl",
        "pg_seclabels", "pg_user_mappings", "pg_settings", "pg_replication_slots",
        "information_schema.enabled_roles", "information_schema.applicable_roles",
    ),
    *_reads(
        "names",
        pg_get_userbyid="select pg_get_userbyid({other_oid})",
        pg_describe_object="select pg_describe_object(1262, {other_database_oid}, 0)",
        pg_identify_object="select * from pg_identify_object(1262, {other_database_oid}, 0)",
        pg_identify_object_as_address=(
            "select * from pg_identify_object_as_address(1260, {other_oid}, 0)"
        ),
        pg_get_object_address=(
            "select * from pg_get_object_address('role', array['{other}'], array[]::text[])"
        ),
        pg_get_acl="select pg_get_acl(1262, {other_database_oid}, 0)",
        makeaclitem="select makeaclitem({other_oid}, {other_oid}, 'SELECT', false)",
        has_database_privilege="select has_database_privilege('{other_database}', 'CONNECT')",
        has_table_privilege="select has_table_privilege('{other}', 'pg_class', 'SELECT')",
        pg_has_role="select pg_has_role('{other}', 'MEMBER')",
        shobj_description="select shobj_description({other_database_oid}, 'pg_database')",
        pg_database_size="select pg_database_size('{other_database}')",
        pg_tablespace_size="select pg_tablespace_size('pg_default')",
        pg_tablespace_databases="select pg_tablespace_databases(1663)",
        pg_tablespace_location="select pg_tablespace_location(1663)",
        pg_database_collation_actual_version=(
            "select pg_database_collation_actual_version({other_database_oid})"
        ),
    ),
    Probe(
        "names", "to_regrole", needs_rows=True,
        sql="select 1 where to_regrole('{other}') is not null",
    ),
    Probe("names", "regrole from a name", "select '{other}'::regrole", accepted=_OPAQUE),
    Probe("names", "regrole from a number", "select {other_oid}::regrole", accepted=_OPAQUE),
]  # fmt: skip

_ACTIVITY = [
    *_relations(
        "activity", "pg_stat_activity", "pg_stat_database", "pg_stat_replication", "pg_stat_ssl",
        "pg_stat_gssapi", "pg_stat_bgwriter", "pg_stat_archiver", "pg_stat_io", "pg_stat_slru",
        "pg_stat_wal", "pg_stat_progress_vacuum", "pg_stat_database_conflicts", "pg_locks",
        "pg_prepared_xacts",
    ),
    *_reads(
        "activity",
        pg_stat_get_activity="select * from pg_stat_get_activity(null) limit 1",
        pg_stat_get_db_numbackends="select pg_stat_get_db_numbackends({other_database_oid})",
        pg_stat_get_db_xact_commit="select pg_stat_get_db_xact_commit({other_database_oid})",
        pg_stat_get_backend_idset="select pg_stat_get_backend_idset() limit 1",
        pg_lock_status="select * from pg_lock_status() limit 1",
        pg_prepared_xact="select count(*) from pg_prepared_xact()",
        pg_blocking_pids="select pg_blocking_pids(1)",
        pg_cancel_backend="select pg_cancel_backend(1)",
        pg_terminate_backend="select pg_terminate_backend(1)",
    ),
]  # fmt: skip

_SIDE_CHANNELS = [
    *_reads(
        "side channels",
        pg_current_wal_lsn="select pg_current_wal_lsn()",
        txid_current="select txid_current()",
        pg_current_xact_id="select pg_current_xact_id()",
        pg_last_committed_xact="select * from pg_last_committed_xact()",
        pg_control_system="select * from pg_control_system()",
        pg_control_checkpoint="select * from pg_control_checkpoint()",
        pg_notify="select pg_notify('probe', 'x')",
    ),
    *_effects(
        "side channels",
        pg_logical_emit_message="select pg_logical_emit_message(false, 'probe', 'x')",
        lo_create="select lo_create(0)",
        lo_from_bytea="select lo_from_bytea(0, 'x')",
        pg_export_snapshot="select pg_export_snapshot()",
    ),
    Probe(
        "side channels", "NOTIFY", "notify probe, 'x'", effect=True,
        accepted="the statement cannot be revoked; a message stays inside its own database",
    ),
    Probe("side channels", "pg_current_snapshot", "select pg_current_snapshot()", accepted=_COUNTS),
    Probe(
        "side channels", "row headers", "select xmin from platform.tenant_identity",
        accepted=_COUNTS,
    ),
]  # fmt: skip

_CODE = [
    *_effects(
        "code",
        DO="do $$ begin perform 1; end $$",
        create_function="create function public.probe() returns int language sql as 'select 1'",
        create_plpgsql=(
            "create function public.probe() returns int language plpgsql as 'begin return 1; end'"
        ),
        create_schema="create schema probe",
        create_table="create table public.probe (x int)",
        create_temporary_table="create temporary table probe (x int)",
        create_extension="create extension pg_trgm schema pg_catalog",
        create_dblink="create extension dblink schema pg_catalog",
        create_event_trigger="create event trigger probe on ddl_command_end execute function now()",
        create_foreign_data_wrapper="create foreign data wrapper probe",
        create_publication="create publication probe for all tables",
    ),
]

_ESCALATION = [
    *_effects(
        "escalation",
        set_role_owner="set local role entrepot_owner",
        set_role_migrator="set local role entrepot_migrator",
        set_role_provisioner="set local role entrepot_provisioner",
        set_role_control="set local role entrepot_control",
        set_role_other="set local role {other}",
        set_role_monitor="set local role pg_monitor",
        session_authorization="set local session authorization {other}",
        create_role="create role probe_role",
        create_superuser="create role probe_role superuser",
        alter_other_password="alter role {other} password 'probe'",
        alter_self_superuser="alter role {own} superuser",
        alter_self_createdb="alter role {own} createdb",
        alter_self_bypass_row_security="alter role {own} bypassrls",
        alter_self_connection_limit="alter role {own} connection limit -1",
        grant_owner="grant entrepot_owner to {own}",
        grant_self_away="grant {own} to {other}",
        grant_other="grant {other} to {own}",
        grant_predefined="grant pg_read_all_data to {own}",
        alter_database="alter database {database} set work_mem = '1GB'",
        open_other_database="grant connect on database {other_database} to {own}",
        rename_database="alter database {other_database} rename to probe",
        own_everything="reassign owned by entrepot_owner to {own}",
    ),
    Probe(
        "escalation", "create_database", "create database {database}_probe",
        undo="drop database {database}_probe",
    ),
    Probe(
        "escalation", "own_password", "alter role {own} password 'probe'", effect=True,
        accepted="cannot be revoked; the app's next log-in fails loudly, rotating mends it",
    ),
    Probe(
        "escalation", "shopper_becomes_app", "set local role entrepot_app", effect=True,
        only="shopper",
    ),
]  # fmt: skip

_SERVER = [
    *_reads(
        "server",
        pg_read_file="select pg_read_file('PG_VERSION')",
        pg_read_binary_file="select pg_read_binary_file('PG_VERSION')",
        pg_ls_dir="select pg_ls_dir('.') limit 1",
        pg_ls_logdir="select * from pg_ls_logdir() limit 1",
        pg_ls_waldir="select * from pg_ls_waldir() limit 1",
        pg_stat_file="select * from pg_stat_file('PG_VERSION')",
        pg_hba_file_rules="select * from pg_hba_file_rules limit 1",
        pg_file_settings="select * from pg_file_settings limit 1",
        pg_config="select * from pg_config limit 1",
        pg_reload_conf="select pg_reload_conf()",
        pg_switch_wal="select pg_switch_wal()",
    ),
    *_effects(
        "server",
        copy_to_program="copy (select 1) to program 'true'",
        copy_from_program="create temporary table p (x text); copy p from program 'true'",
        copy_to_file="copy (select 1) to '/dev/null'",
        load="load 'dblink'",
        replication_slot="select pg_create_physical_replication_slot('probe')",
        set_replication_role="set local session_replication_role = replica",
        set_log_statement="set local log_statement = 'all'",
        set_ignore_checksums="set local ignore_checksum_failure = on",
    ),
    Probe(
        "server", "alter_system", "alter system set trace_notify = off",
        undo="alter system reset trace_notify",
    ),
    Probe("server", "create_tablespace", "create tablespace probe location '/x'"),
    Probe("server", "checkpoint", "checkpoint"),
    Probe(
        "server", "create_subscription", effect=True,
        sql="create subscription probe connection 'host=127.0.0.1' publication p"
        " with (connect = false)",
    ),
    *[
        Probe(
            "server", f"set {name}", f"set local {name} = {value}", effect=True,
            accepted=_OWN_SESSION,
        )
        for name, value in (
            ("statement_timeout", "0"), ("work_mem", "'1GB'"), ("synchronous_commit", "off"),
        )
    ],
    Probe(
        "server", "set row_security", "set local row_security = off", effect=True,
        accepted="a query that row security would filter is then refused, never unfiltered",
    ),
]  # fmt: skip

_OWN_TABLES = [
    *_effects(
        "own tables",
        drop_table="drop table platform.outbox cascade",
        alter_table="alter table platform.audit add column probe int",
        truncate_audit="truncate platform.audit cascade",
        update_audit="update platform.audit set verb = verb",
        delete_audit="delete from platform.audit",
        update_event="update platform.outbox set name = name",
        delete_event="delete from platform.outbox",
        update_feed="update platform.feed set event_id = event_id",
        become_another_tenant="update platform.tenant_identity set tenant = tenant",
        erase_identity="delete from platform.tenant_identity",
        edit_revisions="delete from revisions.applied",
        drop_schema="drop schema platform cascade",
        replace_function=(
            "create or replace function platform.bump_epoch_v1(text) returns bigint"
            " language sql as 'select 1::bigint'"
        ),
    ),
    *[
        Probe("own tables", f"shopper reads {name}", f"table platform.{name}", only="shopper")
        for name in ("outbox", "audit", "request_nonce", "inbox", "feed")
    ],
    Probe(
        "own tables", "shopper reads answers", "table platform.idempotency", only="shopper",
        needs_rows=True,
    ),
]  # fmt: skip

PROBES: tuple[Probe, ...] = (
    *_NAMES, *_ACTIVITY, *_SIDE_CHANNELS, *_CODE, *_ESCALATION, *_SERVER, *_OWN_TABLES,
)  # fmt: skip
"""All probes, each tried once in every database by each of its two logins."""
