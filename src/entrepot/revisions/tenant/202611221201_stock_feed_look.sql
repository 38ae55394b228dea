-- The stock room: what the last sweep read in the events of a feed. Events are only added, and each
-- is counted in known of its feed: while that stays, reading them again would tell the same.

-- known: as it was when they were read. twins: whether the newest tell the same change under two
-- sequences, heard at two times. lag_p95_s: of the newest 500, what 95 of 100 took at most. No
-- foreign key: a sweep, which holds guarding rows, would wait for whoever posts to the feed.
create table stock.feed_look (
    feed_id uuid primary key,
    known bigint not null check (known >= 0),
    twins boolean not null,
    lag_p95_s bigint
);
grant insert, update (known, twins, lag_p95_s) on stock.feed_look to entrepot_app;
