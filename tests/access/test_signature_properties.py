"""Generated requests: the library is the oracle of the strict profile, and no bytes crash it."""

import hmac
import time
from base64 import b64encode
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from http_message_signatures import (
    HTTPMessageSigner,
    HTTPMessageVerifier,
    MappingKeyResolver,
    algorithms,
)
from http_message_signatures.structures import CaseInsensitiveDict
from hypothesis import event, given, settings
from hypothesis import strategies as st

from entrepot.access import compat_signatures, signatures
from entrepot.access.signatures import Message
from entrepot.access.signing import sign, sign_compat
from entrepot.kernel.refusals import Unauthenticated
from tests.access.signed_requests import HOSTS, KEY_ID, PRIVATE, PUBLIC, SECRET

LIBRARY = {"hmac-sha256": algorithms.HMAC_SHA256, "ed25519": algorithms.ED25519}
MATERIAL = {"hmac-sha256": SECRET, "ed25519": PUBLIC}
SECRETS = {"hmac-sha256": SECRET, "ed25519": PRIVATE}
RESOLVERS = {
    "hmac-sha256": MappingKeyResolver(public_keys={KEY_ID: SECRET}, private_keys={KEY_ID: SECRET}),
    "ed25519": MappingKeyResolver(
        public_keys={KEY_ID: PRIVATE.public_key()}, private_keys={KEY_ID: PRIVATE}
    ),
}
ALGORITHMS = st.sampled_from(sorted(LIBRARY))
URL_TEXT = st.text("abXY09-._~!$&'()*+,;=:@/", max_size=20)
ESCAPED = st.lists(URL_TEXT | st.sampled_from(["%2F", "%E4%BB%93"]), max_size=3).map("".join)
VISIBLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
NONCES = st.text("0123456789abcdef", min_size=32, max_size=64)


class Request(SimpleNamespace):
    """What a client wants to send: method, target, body, idempotency key, nonce."""

    method: str
    target: str
    body: bytes
    key: str
    nonce: str


@st.composite
def requests(draw: st.DrawFn) -> Request:
    query = draw(st.none() | ESCAPED)
    return Request(
        method=draw(st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])),
        target="/" + draw(ESCAPED) + ("" if query is None else f"?{query}"),
        body=draw(st.binary(max_size=40)),
        key=draw(VISIBLE),
        nonce=draw(NONCES),
    )


def library_message(request: Request, headers: dict[str, str]) -> SimpleNamespace:
    url = f"https://api.example.com{request.target}"
    return SimpleNamespace(method=request.method, url=url, headers=CaseInsensitiveDict(headers))


def our_message(request: Request, headers: dict[str, str]) -> Message:
    path, _, query = request.target.partition("?")
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return Message(
        request.method, path.encode(), query.encode(), "api.example.com", pairs, request.body
    )


def we_take(message: Message, algorithm: str) -> bool:
    try:
        claim = signatures.parse(message, HOSTS)
        signatures.verify(message, claim, (algorithm, MATERIAL[algorithm]), time.time())
    except Unauthenticated:
        return False
    return True


def library_takes(message: SimpleNamespace, body: bytes, algorithm: str) -> bool:
    verifier = HTTPMessageVerifier(
        signature_algorithm=LIBRARY[algorithm], key_resolver=RESOLVERS[algorithm]
    )
    # Where nothing is sent we ask for no digest; the library wants one that is there covered.
    covered = '"content-digest"' in message.headers["signature-input"]
    return bool(verifier.verify(message, expect_tag="entrepot-v1", body=body if covered else None))


@settings(max_examples=150, deadline=None)
@given(requests(), ALGORITHMS)
def test_what_we_sign_the_library_takes(request: Request, algorithm: str) -> None:
    headers = sign(
        request.method, "api.example.com", request.target, request.body,
        key_id=KEY_ID, secret=SECRETS[algorithm], now_s=int(time.time()), nonce=request.nonce,
        idempotency_key=request.key,
    )  # fmt: skip
    assert we_take(our_message(request, headers), algorithm)
    assert library_takes(library_message(request, headers), request.body, algorithm)


@settings(max_examples=150, deadline=None)
@given(requests(), ALGORITHMS, st.booleans(), st.data())
def test_what_the_library_signs_we_take(
    request: Request, algorithm: str, include_alg: bool, data: st.DataObject
) -> None:
    headers = {"Idempotency-Key": request.key, "Content-Type": "application/json", "X-Odd": "a  b"}
    names = ["@method", "@authority", "@path", "@query", "idempotency-key", "content-type", "x-odd"]
    message = library_message(request, headers)
    now_s = int(time.time())
    HTTPMessageSigner(
        signature_algorithm=LIBRARY[algorithm], key_resolver=RESOLVERS[algorithm]
    ).sign(
        message,
        key_id=KEY_ID,
        created=datetime.fromtimestamp(now_s, UTC),
        expires=datetime.fromtimestamp(now_s + data.draw(st.integers(60, 300)), UTC),
        nonce=request.nonce,
        tag="entrepot-v1",
        label=data.draw(st.sampled_from(["sig1", "pyhms", "*a.b-c_d"])),
        include_alg=include_alg,
        covered_component_ids=data.draw(st.permutations(names)),
        body=request.body,
    )
    assert we_take(our_message(request, dict(message.headers.items())), algorithm)


ITEMS = st.sampled_from(
    ["@method", "@authority", "@path", "@query", "content-digest", "content-type", "x-none",
     "idempotency-key", "@target-uri", "@scheme", "host", "signature", "x-odd", "Host", "@method"]
)  # fmt: skip
SPACES = st.sampled_from([" ", " ", " ", " ", "  ", "\t"])
PARAMETERS = st.sampled_from(
    ["created={now}", "expires={later}", 'nonce="{nonce}"', 'keyid="{key_id}"',
     'tag="entrepot-v1"', 'alg="hmac-sha256"', 'alg="ed25519"', "created=1", "x", 'nonce="short"',
     "expires={late}", 'tag="entrepot-v1 "']
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(requests(), st.data())
def test_what_we_take_the_library_takes(request: Request, data: st.DataObject) -> None:
    """Inputs of any shape, mostly near the profile, all signed rightly over their own text."""
    digest = sign("POST", "a", "/", request.body, key_id="k", secret=b"k", now_s=0, nonce="n")
    headers = {
        "content-type": data.draw(st.sampled_from(["application/json", " a\tb ", "é", ""])),
        "content-digest": digest["content-digest"],
        "idempotency-key": request.key,
        "host": "api.example.com",
        "x-odd": data.draw(st.text(st.characters(max_codepoint=255), max_size=5)),
    }
    wanted = ["@method", "@authority", "@path", "@query", "content-digest", "content-type",
              "idempotency-key"]  # fmt: skip
    names = data.draw(st.permutations(wanted)) + data.draw(st.lists(ITEMS, max_size=2))
    names = names[data.draw(st.sampled_from([0, 0, 0, 1])) :]
    given_parameters = data.draw(st.permutations([
        "created={now}", "expires={later}", 'nonce="{nonce}"', 'keyid="{key_id}"',
        'tag="entrepot-v1"',
    ])) + data.draw(st.lists(PARAMETERS, max_size=1))  # fmt: skip
    now_s = int(time.time())
    listed = data.draw(SPACES).join(f'"{name}"' for name in names)
    texts = (
        text.format(
            now=now_s, later=now_s + 200, late=now_s + 400, nonce=request.nonce, key_id=KEY_ID
        )
        for text in given_parameters
    )
    parameters = f"({listed})" + "".join(f";{text}" for text in texts)
    path, _, query = request.target.partition("?")
    values = {name: value.strip() for name, value in headers.items()}
    values |= {"@method": request.method, "@authority": "api.example.com", "@path": path}
    values |= {"@query": f"?{query}", "@scheme": "https"}
    lines = [f'"{name}": {values.get(name, "")}' for name in names]
    base = "\n".join([*lines, f'"@signature-params": {parameters}']).encode()
    mac = b64encode(hmac.digest(SECRET, base, "sha256")).decode()
    headers |= {"signature-input": f"s={parameters}", "signature": f"s=:{mac}:"}
    taken = we_take(our_message(request, headers), "hmac-sha256")
    event(f"taken: {taken}")
    if taken:
        message = library_message(request, headers)
        assert library_takes(message, request.body, "hmac-sha256")


HEADER_NAMES = st.sampled_from(
    [b"signature", b"signature-input", b"Signature-Input", b"host", b"content-digest",
     b"content-type", b"idempotency-key", b"x-entrepot-key", b"x-entrepot-nonce",
     b"x-entrepot-signature", b"x-entrepot-timestamp", b"x-entrepot-version"]
) | st.binary(max_size=12)  # fmt: skip
PIECES = st.sampled_from(
    [b"sig=", b'("@method" "@path")', b";created=1", b';nonce="', KEY_ID.encode(), b"\xff\x00",
     b":AAAA:", b"0" * 32, b"f" * 64, b"1800000000", b"1", b'tag="entrepot-v1"', b"\n", b"\xe2\x80"]
) | st.binary(max_size=8)  # fmt: skip
VALUES = st.lists(PIECES, max_size=6).map(b"".join)


@pytest.mark.parametrize("scheme", [signatures, compat_signatures])
@settings(max_examples=400, deadline=None)
@given(
    st.text(max_size=8), st.binary(max_size=30), st.binary(max_size=30), st.text(max_size=20),
    st.lists(st.tuples(HEADER_NAMES, VALUES), max_size=10), st.binary(max_size=30), ALGORITHMS,
)  # fmt: skip
def test_no_bytes_raise_anything_else(
    scheme: object, method: str, path: bytes, query: bytes, authority: str,
    headers: list[tuple[bytes, bytes]], body: bytes, algorithm: str,
) -> None:  # fmt: skip
    _only_unauthenticated(scheme, Message(method, path, query, authority, headers, body), algorithm)


@pytest.mark.parametrize("scheme", [signatures, compat_signatures])
@settings(max_examples=400, deadline=None)
@given(requests(), st.data(), ALGORITHMS)
def test_no_change_of_a_signed_request_raises_anything_else(
    scheme: object, request: Request, data: st.DataObject, algorithm: str
) -> None:
    common = {"key_id": KEY_ID, "now_s": int(time.time()), "idempotency_key": request.key}
    if scheme is signatures:
        headers = sign(
            request.method, "api.example.com", request.target, request.body,
            secret=SECRETS[algorithm], nonce=request.nonce, **common,
        )  # type: ignore[arg-type]  # fmt: skip
    else:
        headers = sign_compat(
            request.method, "api.example.com", request.target, request.body,
            secret=SECRET, nonce=request.nonce[:32], **common,
        )  # type: ignore[arg-type]  # fmt: skip
    message = our_message(request, headers)
    place = data.draw(st.integers(0, len(message.headers) - 1))
    name, value = message.headers[place]
    cut = data.draw(st.integers(0, len(value)))
    changed = value[:cut] + data.draw(PIECES) + value[cut + data.draw(st.integers(0, 3)) :]
    pairs = [*message.headers]
    pairs[place] = (name, changed)
    _only_unauthenticated(scheme, message._replace(headers=pairs), algorithm)


def _only_unauthenticated(scheme: object, message: Message, algorithm: str) -> None:
    try:
        claim = scheme.parse(message, HOSTS | {message.authority.lower()})  # type: ignore[attr-defined]
        signatures.verify(message, claim, (algorithm, MATERIAL[algorithm]), time.time())
    except Unauthenticated as refusal:
        assert refusal.code
