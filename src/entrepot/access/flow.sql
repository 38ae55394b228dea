-- name: claim
select verdict, refused, answer
from platform.claim_request_v1(:credential, :nonce, :key, :fingerprint, :at);

-- name: claim_by_key
select verdict, refused, answer
from access.claim_request_v1(
    :key_id, :version, :credential, :nonce, :key, :fingerprint, :at
);

-- name: keep_answer
select platform.keep_answer_v1(:credential, :key, :refused, :answer);

-- name: is_settled
select exists(
    select 1 from platform.idempotency as i
    where i.credential = :credential and i.key = :key
);

-- name: is_replayed
select exists(
    select 1 from platform.request_nonce as n
    where n.credential = :credential and n.nonce = :nonce
);
