"""R8 for the compat scheme: every mutation of a signed request is refused with a 401."""

import pytest

from entrepot.access.compat_signatures import query_values, string_to_sign
from entrepot.kernel.refusals import Unauthenticated
from tests.access.signed_requests import (
    KEY_ID,
    PUBLIC,
    SECRET,
    adding,
    compat,
    prove_compat,
    with_header,
    with_message,
)
from tests.access.test_signature_mutations import Mutation, at, drop, swap

COMPAT_MUTATIONS: dict[str, Mutation] = {
    "method changed": with_message(method="PUT"),
    "path changed": with_message(path=b"/api/v1/scan"),
    "path percent-encoded alike": with_message(path=b"/api/v1/%73cans"),
    "query changed": with_message(query=b"dry=2"),
    "query dropped": with_message(query=b""),
    "query parameter added": with_message(query=b"dry=1&a=1"),
    "query parameter doubled": with_message(query=b"dry=1&dry=1"),
    "authority unknown": with_message(authority="evil.example.com"),
    "another of our hosts": with_message(authority="127.0.0.1:8080"),
    "body changed": with_message(body=b"{}"),
    "body emptied": with_message(body=b""),
    "content type changed": swap(b"content-type", b"json", b"xml"),
    "content type dropped": drop(b"content-type"),
    "content type doubled": adding(b"content-type", b"application/json"),
    "idempotency key changed": swap(b"idempotency-key", b"1", b"2"),
    "idempotency key dropped": drop(b"idempotency-key"),
    "idempotency key doubled": adding(b"idempotency-key", b"scan-1"),
    "key changed": swap(b"x-entrepot-key", b"ek_a", b"ek_b"),
    "key dropped": drop(b"x-entrepot-key"),
    "key doubled": adding(b"x-entrepot-key", KEY_ID.encode()),
    "timestamp changed": swap(b"x-entrepot-timestamp", b"18", b"17"),
    "timestamp dropped": drop(b"x-entrepot-timestamp"),
    "timestamp in milliseconds": with_header(b"x-entrepot-timestamp", lambda v: v + b"000"),
    "nonce changed": swap(b"x-entrepot-nonce", b"0", b"1"),
    "nonce cut": with_header(b"x-entrepot-nonce", lambda v: v[:-1]),
    "nonce upper case": with_header(b"x-entrepot-nonce", bytes.upper),
    "version changed": swap(b"x-entrepot-version", b"1", b"2"),
    "version dropped": drop(b"x-entrepot-version"),
    "signature changed": with_header(b"x-entrepot-signature", lambda v: bytes(reversed(v))),
    "signature upper case": with_header(b"x-entrepot-signature", bytes.upper),
    "signature cut": with_header(b"x-entrepot-signature", lambda v: v[:-2]),
    "signature dropped": drop(b"x-entrepot-signature"),
    "too old": at(301),
    "from the future": at(-301),
    "other secret": lambda s: s._replace(key=("hmac-sha256", SECRET + b"x")),
    "no live key": lambda s: s._replace(key=None),
    "an ed25519 key": lambda s: s._replace(key=("ed25519", PUBLIC)),
}


@pytest.mark.parametrize("name", COMPAT_MUTATIONS)
def test_every_mutation_of_a_compat_request_is_refused(name: str) -> None:
    original = compat()
    assert prove_compat(original)
    with pytest.raises(Unauthenticated):
        prove_compat(COMPAT_MUTATIONS[name](original))


def test_compat_takes_parameters_in_any_order() -> None:
    assert string_to_sign(query_values("b=2&a=1")) == string_to_sign(query_values("a=1&b=2"))


def test_compat_never_runs_names_and_values_together() -> None:
    queries = [
        "amount=1&bonus=2",
        "amount=1bonus2",
        "amount=1%0Aquery.bonus%3D2",
        "amount=1%26bonus=2",
    ]
    assert len({string_to_sign(query_values(query)) for query in queries}) == len(queries)
