-- The stock room: what is lost on the way is an adjustment, of the common place of goods under way
-- or of the rest of a transfer, with a cause, within a limit or with a second pair of eyes.

-- Of the rest of a transfer: which one, and why it will not come. The transfer is closed short by
-- the approval; one request at a time waits for it.
alter table stock.adjustment
add column transfer_id uuid references stock.transfer,
add column short_reason text check (
    short_reason in ('lost', 'stolen', 'damaged', 'never_loaded', 'other')
),
add check ((transfer_id is null) = (short_reason is null));
create unique index adjustment_of_transfer on stock.adjustment (transfer_id)
where state = 'requested' and transfer_id is not null;

-- Goods under way lie in no bin: in the transfer's own place, else in the common one.
alter table stock.adjustment_line alter column bin_id drop not null;
alter table stock.adjustment_line drop constraint adjustment_line_reason_check;
alter table stock.adjustment_line add constraint adjustment_line_reason_check check (
    reason in ('scrap', 'loss', 'found', 'reclassify', 'transfer_lost')
);
alter table stock.adjustment_line add check ((reason = 'transfer_lost') = (bin_id is null));

-- A transfer that was closed short since losses are adjustments has one that says so.
create view stock.violation_transfer_lost as
select
    a.adjustment_id,
    a.transfer_id,
    x.state
from stock.adjustment as a
inner join stock.transfer as x on a.transfer_id = x.transfer_id
where a.document_id is not null
    and (x.state <> 'short' or x.short_reason is distinct from a.short_reason);
