-- A shopper's request asks for prices, and prices are compiled once an epoch: their login may see
-- the numbers, which tell nothing but that something has changed.

grant select on platform.epoch to entrepot_shopper;
