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
