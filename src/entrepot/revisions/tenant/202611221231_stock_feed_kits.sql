-- kit: a source tells units of a kit, which has no stock of its own; its parts are to be told.

alter table stock.quarantine drop constraint quarantine_cause_check;
alter table stock.quarantine add constraint quarantine_cause_check check (cause in (
    'unknown_sku', 'negative', 'tracked', 'untracked', 'kit', 'net', 'serial_elsewhere', 'altered'
));
