-- Keys begin with what differs: nearly all requests of a house come from a few credentials, and
-- every step down an index first compared forty equal letters (decision 0088).

alter table platform.request_nonce drop constraint request_nonce_pkey;
alter table platform.request_nonce add primary key (nonce, credential);
alter table platform.idempotency drop constraint idempotency_pkey;
alter table platform.idempotency add primary key (key, credential);
