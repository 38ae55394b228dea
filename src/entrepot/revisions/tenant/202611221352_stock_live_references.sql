-- Live references begin with the reference: that is what differs, and what is asked for alone.

drop index stock.reservation_live;
create unique index reservation_live on stock.reservation (reference, channel_id)
where state = 'pending';
