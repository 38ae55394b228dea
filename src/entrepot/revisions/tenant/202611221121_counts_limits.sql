-- The counts room: limits that cannot contradict each other, limits of value, and one pair of
-- eyes for a person and the keys they made.

-- What is posted without anybody's approval is never more than what one pair of eyes may approve.
update counts.limits set four_eyes_units = greatest(four_eyes_units, free_units),
    sequence = sequence + 1
where free_units > four_eyes_units;
alter table counts.limits
add constraint free_within_four_eyes check (free_units <= four_eyes_units);

-- In minor units of the tenant's base currency; null: value sets no limit.
alter table counts.limits
add column four_eyes_minor bigint check (four_eyes_minor >= 0);
grant insert (four_eyes_minor), update (four_eyes_minor) on counts.limits to entrepot_app;

create or replace view counts.violation_same_eyes as
select
    c.count_id,
    c.closed_by
from counts.count as c
where c.status = 'approved' and c.other_eyes and access.same_eyes_v1(
    c.closed_by,
    array(
        select k.actor from counts.counter as k
        where k.count_id = c.count_id
    )
);
