-- stock.short_v2 knows which promises are of lasting goods; the one before goes.
drop function if exists stock.short_v1(timestamptz, text, uuid, uuid, uuid, bigint);
