"""Signatures against published vectors, and the right requests are taken.

Vectors: RFC 9421, B.2.5 and B.2.6; RFC 9530, section 2 (digest of the RFC's example body).
"""

from base64 import b64decode

import pytest

from entrepot.access.signatures import Claim, Message, verify
from tests.access.signed_requests import KEY_ID, NONCE, compat, prove, prove_compat, signed, strict

BODY = b'{"hello": "world"}'
REQUEST = Message("POST", b"/foo", b"param=Value&Pet=dog", "example.com", [], BODY)
SHARED = b64decode(
    "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ=="
)
ED25519_PUBLIC = b64decode("JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=")
DIGEST = "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"
HMAC_BASE = b"""\
"date": Tue, 20 Apr 2021 02:07:55 GMT
"@authority": example.com
"content-type": application/json
"@signature-params": ("date" "@authority" "content-type");created=1618884473;\
keyid="test-shared-secret\""""
ED25519_BASE = b"""\
"date": Tue, 20 Apr 2021 02:07:55 GMT
"@method": POST
"@path": /foo
"@authority": example.com
"content-type": application/json
"content-length": 18
"@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length");\
created=1618884473;keyid="test-key-ed25519\""""
HMAC_SIGNATURE = "pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8="
ED25519_SIGNATURE = (
    "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
)


@pytest.mark.parametrize(
    ("base", "signature", "key"),
    [
        (HMAC_BASE, HMAC_SIGNATURE, ("hmac-sha256", SHARED)),
        (ED25519_BASE, ED25519_SIGNATURE, ("ed25519", ED25519_PUBLIC)),
    ],
    ids=["B.2.5 hmac-sha256", "B.2.6 ed25519"],
)
def test_the_vectors_of_the_rfc_hold(base: bytes, signature: str, key: tuple[str, bytes]) -> None:
    claim = Claim(KEY_ID, NONCE, None, (0, 1), None, DIGEST, base, b64decode(signature))
    assert verify(REQUEST, claim, key, 1).key_id == KEY_ID


@pytest.mark.parametrize("algorithm", ["hmac-sha256", "ed25519"])
def test_a_rightly_signed_write_is_taken(algorithm: str) -> None:
    proof = prove(strict(algorithm))
    assert (proof.key_id, proof.nonce, proof.idempotency_key) == (KEY_ID, NONCE, "scan-1")
    assert len(proof.fingerprint) == 32


def test_both_schemes_fingerprint_a_request_alike() -> None:
    assert prove(strict()).fingerprint == prove_compat(compat()).fingerprint


def test_the_fingerprint_tells_method_target_and_body_apart() -> None:
    requests = [
        ("PUT", "/api/v1/scans?dry=1", b"{}"),
        ("POST", "/api/v1/scans?dry=1", b"{}"),
        ("POST", "/api/v1/scans?dry=2", b"{}"),
        ("POST", "/api/v1/scan", b"{}"),
        ("POST", "/api/v1/scan", b""),
    ]
    seen = {prove(signed(*request, idempotency_key="k")).fingerprint for request in requests}
    assert len(seen) == len(requests)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("target", ["/api/v1/parcels?tracking_number=SF%2F1", "/", "/a?", ""])
def test_a_read_needs_no_digest_and_no_idempotency_key(method: str, target: str) -> None:
    read = signed(method, target)
    names = {name for name, _ in read.message.headers}
    assert names == {b"host", b"signature-input", b"signature"}
    assert prove(read).idempotency_key is None


def test_the_digest_is_the_one_of_the_rfc() -> None:
    headers = dict(signed("POST", "/", BODY, idempotency_key="k").message.headers)
    assert headers[b"content-digest"] == DIGEST.encode()


@pytest.mark.parametrize("authority", ["API.example.com", "api.example.com:443"])
def test_the_authority_is_read_without_case_and_default_port(authority: str) -> None:
    sent = signed("GET", "/")
    assert prove(sent._replace(message=sent.message._replace(authority=authority)))
