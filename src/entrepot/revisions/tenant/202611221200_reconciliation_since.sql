-- The reconciliation room: what an incremental run need not look at again.

-- changed_after: every row of a copy that is visible now and was not seen, as it is, by the last
-- run was written by a transaction of this number or a later one; null where the next run has to
-- compare all copies. written_by: the transaction that wrote this row: in a database that was
-- restored from a dump another one did, and numbers from before tell nothing. pools: the nodes of
-- all channels, as they were. sound: whether the last run found the history of events without gaps.
alter table reconciliation.progress add column changed_after bigint;
alter table reconciliation.progress add column written_by bigint;
alter table reconciliation.progress add column pools text;
alter table reconciliation.progress add column sound boolean not null default false;
grant update (changed_after, written_by, pools, sound)
on reconciliation.progress to entrepot_app;
