-- Ended reservations are found by their reference. The index has ended ones only: making one pays
-- nothing for it, its end one entry (that update is never in place, since reservation_live goes).
create index reservation_ended on stock.reservation (reference, reservation_id)
where state <> 'pending';
