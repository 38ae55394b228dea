-- The stock room: a piece that a source has in another lot than we is one drift, not two.

-- told_lot: the lot in which the source has the piece; correcting moves it there. The drift is of
-- the lot in which it is here.
alter table stock.drift add column told_lot text check (
    told_lot is null or (told_lot <> '' and serial <> '')
);
grant insert (told_lot), update (told_lot) on stock.drift to entrepot_app;
alter table stock.drift drop constraint drift_cause_check;
alter table stock.drift add constraint drift_cause_check check (cause in (
    'lost', 'doubled', 'late', 'reordered', 'manual_edit', 'unit_mistake', 'other_lot', 'unknown'
));
