"""Requests to sign, tamper with and verify: shared by the signature tests."""

from collections.abc import Callable
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from entrepot.access import compat_signatures, signatures
from entrepot.access.signatures import Message, Proof
from entrepot.access.signing import SigningSecret, sign, sign_compat

NOW_S = 1_800_000_000
HOSTS = frozenset({"api.example.com", "127.0.0.1:8080"})
KEY_ID = "ek_abcdefghij23_abcdefgh234567ab"
NONCE = "0123456789abcdef0123456789abcdef"
SECRET = b"eks_a-secret-that-only-tests-know-000000000000"
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = PRIVATE.public_key().public_bytes_raw()
BODY = b'{"warehouse":"SZX1","tracking_number":"SF0000000000142"}'


class Signed(NamedTuple):
    """A request with its signature headers, and the key that proves it."""

    message: Message
    key: tuple[str, bytes] | None
    now_s: float = NOW_S


def message(
    headers: dict[str, str],
    *,
    method: str = "POST",
    target: str = "/api/v1/scans?dry=1",
    authority: str = "api.example.com",
    body: bytes = BODY,
) -> Message:
    """The request as the server sees it."""
    path, _, query = target.partition("?")
    pairs = [(b"host", authority.encode())]
    pairs += [(name.encode(), value.encode()) for name, value in headers.items()]
    return Message(method, path.encode(), query.encode(), authority, pairs, body)


def strict(algorithm: str = "hmac-sha256", **changes: object) -> Signed:
    """A rightly signed write of the strict profile."""
    secret: SigningSecret = SECRET if algorithm == "hmac-sha256" else PRIVATE
    given: dict[str, object] = {
        "key_id": KEY_ID, "secret": secret, "now_s": NOW_S, "nonce": NONCE,
        "idempotency_key": "scan-1",
    }  # fmt: skip
    headers = sign("POST", "api.example.com", "/api/v1/scans?dry=1", BODY, **(given | changes))  # type: ignore[arg-type]
    material = SECRET if algorithm == "hmac-sha256" else PUBLIC
    return Signed(message(headers), (algorithm, material))


def signed(
    method: str, target: str, body: bytes = b"", *, idempotency_key: str | None = None
) -> Signed:
    """Any request, rightly signed by the strict profile."""
    headers = sign(
        method, "api.example.com", target, body,
        key_id=KEY_ID, secret=SECRET, now_s=NOW_S, nonce=NONCE, idempotency_key=idempotency_key,
    )  # fmt: skip
    sent = message(headers, method=method, target=target, body=body)
    return Signed(sent, ("hmac-sha256", SECRET))


def compat() -> Signed:
    """A rightly signed write of the compat scheme."""
    headers = sign_compat(
        "POST", "api.example.com", "/api/v1/scans?dry=1", BODY,
        key_id=KEY_ID, secret=SECRET, now_s=NOW_S, nonce=NONCE, idempotency_key="scan-1",
    )  # fmt: skip
    return Signed(message(headers), ("hmac-sha256", SECRET))


def prove(signed: Signed) -> Proof:
    """Parse and verify by the strict profile."""
    claim = signatures.parse(signed.message, HOSTS)
    return signatures.verify(signed.message, claim, signed.key, signed.now_s)


def prove_compat(signed: Signed) -> Proof:
    """Parse and verify by the compat scheme."""
    claim = compat_signatures.parse(signed.message, HOSTS)
    return signatures.verify(signed.message, claim, signed.key, signed.now_s)


def with_header(name: bytes, change: Callable[[bytes], bytes | None]) -> Callable[[Signed], Signed]:
    """A mutation: the header's value changed, or the header dropped where `change` gives None."""

    def mutate(signed: Signed) -> Signed:
        headers = []
        for given, value in signed.message.headers:
            changed = change(value) if given == name else value
            if changed is not None:
                headers.append((given, changed))
        return signed._replace(message=signed.message._replace(headers=headers))

    return mutate


def with_message(**changes: object) -> Callable[[Signed], Signed]:
    """A mutation of method, path, query, authority or body."""
    return lambda signed: signed._replace(message=signed.message._replace(**changes))


def adding(name: bytes, value: bytes) -> Callable[[Signed], Signed]:
    """A mutation: one more header line."""
    return lambda signed: signed._replace(
        message=signed.message._replace(headers=[*signed.message.headers, (name, value)])
    )
