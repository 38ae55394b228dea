"""R8: every mutation of a signed request is refused, and nothing else than a 401 comes of it.

Each line names one thing that somebody could change on the way, or sign wrongly. A mutation that
is signed anew with the right key (`resigned`) shows that the profile, not the MAC, refuses it.
"""

import hmac
import re
from base64 import b64encode
from collections.abc import Callable

import pytest

from entrepot.kernel.refusals import Unauthenticated
from tests.access.signed_requests import (
    KEY_ID,
    NONCE,
    NOW_S,
    PUBLIC,
    SECRET,
    Signed,
    adding,
    prove,
    signed,
    strict,
    with_header,
    with_message,
)

Mutation = Callable[[Signed], Signed]


def drop(name: bytes) -> Mutation:
    return with_header(name, lambda _: None)


def swap(name: bytes, old: bytes, new: bytes) -> Mutation:
    """Replace bytes that must be there, so that a mutation never silently does nothing."""

    def change(value: bytes) -> bytes:
        assert old in value
        return value.replace(old, new, 1)

    return with_header(name, change)


def resigned(old: str, new: str) -> Mutation:
    """Change the signature input and sign the result rightly, as a wrong client would."""

    def mutate(request: Signed) -> Signed:
        headers = dict(request.message.headers)
        parameters = headers[b"signature-input"].decode().removeprefix("sig=")
        assert old in parameters
        parameters = parameters.replace(old, new, 1)
        return _sign_again(request, parameters)

    return mutate


def _sign_again(request: Signed, parameters: str) -> Signed:
    headers = {name.decode(): value.decode("latin-1") for name, value in request.message.headers}
    derived = {
        "@method": request.message.method,
        "@authority": request.message.authority,
        "@path": request.message.path.decode(),
        "@query": f"?{request.message.query.decode()}",
    }
    names = re.findall(r'"([^"]*)"', parameters.partition(")")[0])
    lines = [f'"{name}": {(headers | derived).get(name, "")}' for name in names]
    base = "\n".join([*lines, f'"@signature-params": {parameters}'])
    mac = b64encode(hmac.digest(SECRET, base.encode(), "sha256"))
    kept = [h for h in request.message.headers if not h[0].startswith(b"signature")]
    kept += [
        (b"signature-input", b"sig=" + parameters.encode()),
        (b"signature", b"sig=:" + mac + b":"),
    ]
    return request._replace(message=request.message._replace(headers=kept))


def at(seconds: float) -> Mutation:
    return lambda request: request._replace(now_s=NOW_S + seconds)


def resigned_header(name: bytes, value: bytes) -> Mutation:
    """Another header value, rightly signed."""

    def mutate(request: Signed) -> Signed:
        changed = with_header(name, lambda _: value)(request)
        parameters = dict(request.message.headers)[b"signature-input"].decode()
        return _sign_again(changed, parameters.removeprefix("sig="))

    return mutate


def signed_for(authority: str) -> Mutation:
    """Rightly signed for a host that we are not."""

    def mutate(request: Signed) -> Signed:
        moved = with_message(authority=authority)(request)
        moved = with_header(b"host", lambda _: authority.encode())(moved)
        parameters = dict(request.message.headers)[b"signature-input"].decode()
        return _sign_again(moved, parameters.removeprefix("sig="))

    return mutate


def signed_with(**changes: object) -> Mutation:
    """Another request line, rightly signed."""

    def mutate(request: Signed) -> Signed:
        parameters = dict(request.message.headers)[b"signature-input"].decode()
        return _sign_again(with_message(**changes)(request), parameters.removeprefix("sig="))

    return mutate


def uncanonical(value: bytes) -> bytes:
    """The same signature bytes, with a bit set that base64 throws away."""
    data = value.rstrip(b"=:")
    return data[:-1] + bytes([data[-1] + 1]) + value[len(data) :]


def covering(name: str, value: str) -> Mutation:
    """Cover a header that is not sent, as if it were `value`, and sign that rightly."""

    def mutate(request: Signed) -> Signed:
        there = adding(name.encode(), value.encode())(request)
        signed_so = resigned('"@path"', f'"@path" "{name}"')(there)
        return drop(name.encode())(signed_so)

    return mutate


LONG = "n" * 129
EMPTY_DIGEST = b"sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"
MUTATIONS: dict[str, Mutation] = {
    # the request line
    "method changed": with_message(method="PUT"),
    "method to a read": with_message(method="GET"),
    "method lower case": with_message(method="post"),
    "method lower case, signed": signed_with(method="post"),
    "path with a space, signed": signed_with(path=b"/api/v1/sc ans"),
    "path with a quote, signed": signed_with(path=b'/api/v1/"scans'),
    "path not from the root, signed": signed_with(path=b"api/v1/scans"),
    "path that holds the query, signed": signed_with(path=b"/api/v1/scans?dry=1", query=b""),
    "query with a fragment, signed": signed_with(query=b"dry=1#x"),
    "method empty": with_message(method=""),
    "method not ASCII": with_message(method="PÖST"),
    "path changed": with_message(path=b"/api/v1/scanz"),
    "path with slash added": with_message(path=b"/api/v1/scans/"),
    "path case changed": with_message(path=b"/api/v1/Scans"),
    "path percent-encoded alike": with_message(path=b"/api/v1/%73cans"),
    "path with dot segment": with_message(path=b"/api/v1/./scans"),
    "path with NUL": with_message(path=b"/api/v1/scans\0"),
    "path with line break": with_message(path=b"/api/v1/scans\n"),
    "path not ASCII": with_message(path="/api/v1/扫描".encode()),
    "path with broken escape": with_message(path=b"/api/v1/scans%2"),
    "path that swallows the query": with_message(path=b"/api/v1/scans?dry=1", query=b""),
    "asterisk form": with_message(path=b"*", query=b""),
    "query changed": with_message(query=b"dry=0"),
    "query dropped": with_message(query=b""),
    "query parameter added": with_message(query=b"dry=1&x=1"),
    "query percent-encoded alike": with_message(query=b"dry=%31"),
    "host unknown": with_message(authority="evil.example.com"),
    "another of our hosts": with_message(authority="127.0.0.1:8080"),
    "host with user": with_message(authority="user@api.example.com"),
    "host with other port": with_message(authority="api.example.com:8443"),
    "host unknown, rightly signed": signed_for("evil.example.com"),
    "host with a trailing dot, rightly signed": signed_for("api.example.com."),
    "host line doubled": adding(b"host", b"api.example.com"),
    # the body
    "body changed": with_message(body=b'{"warehouse":"SZX2","tracking_number":"SF0000000000142"}'),
    "body emptied": with_message(body=b""),
    "body lengthened": lambda s: with_message(body=s.message.body + b" ")(s),
    "digest of another body": with_header(b"content-digest", lambda _: EMPTY_DIGEST),
    "digest of another body, signed": resigned_header(b"content-digest", EMPTY_DIGEST),
    "digest dropped": drop(b"content-digest"),
    "digest doubled": adding(b"content-digest", EMPTY_DIGEST),
    "digest of another algorithm": swap(b"content-digest", b"sha-256", b"sha-512"),
    "digest with a second member": resigned_header(
        b"content-digest", EMPTY_DIGEST + b", md5=:AA==:"
    ),
    "digest with a parameter": with_header(b"content-digest", lambda v: v + b";x=1"),
    "digest uncovered": resigned(' "content-digest"', ""),
    # other headers
    "content type changed": swap(b"content-type", b"json", b"xml"),
    "content type dropped": drop(b"content-type"),
    "content type doubled": adding(b"content-type", b"application/json"),
    "content type uncovered": resigned(' "content-type"', ""),
    "content type with a line break, signed": resigned_header(b"content-type", b"a\n\"x\": y"),
    "content type with a control character, signed": resigned_header(b"content-type", b"a\x01b"),
    "content type not ASCII, signed": resigned_header(b"content-type", b"a\xc3\xa9b"),
    "content type NUL, signed": resigned_header(b"content-type", b"\0"),
    "idempotency key changed": swap(b"idempotency-key", b"scan-1", b"scan-2"),
    "idempotency key dropped": drop(b"idempotency-key"),
    "idempotency key doubled": adding(b"Idempotency-Key", b"scan-1"),
    "idempotency key uncovered": resigned(' "idempotency-key"', ""),
    "idempotency key empty, signed": resigned_header(b"idempotency-key", b""),
    "idempotency key too long, signed": resigned_header(b"idempotency-key", b"k" * 256),
    "idempotency key with a space, signed": resigned_header(b"idempotency-key", b"scan 1"),
    "idempotency key not ASCII, signed": resigned_header(b"idempotency-key", b"scan\xff1"),
    "idempotency key with a line break": resigned_header(b"idempotency-key", b"a\nb"),
    # the signature
    "signature dropped": drop(b"signature"),
    "signature input dropped": drop(b"signature-input"),
    "both dropped": lambda s: drop(b"signature")(drop(b"signature-input")(s)),
    "signature doubled": adding(b"Signature", b"sig=:AAAA:"),
    "signature input doubled": adding(b"Signature-Input", b"sig=()"),
    "signature of zeros": with_header(b"signature", lambda _: b"sig=:" + b"A" * 43 + b"=:"),
    "signature cut": with_header(b"signature", lambda v: v[:-6] + v[-1:]),
    "signature empty": with_header(b"signature", lambda _: b"sig=::"),
    "signature byte flipped": with_header(
        b"signature", lambda v: v[:6] + (b"B" if v[6:7] != b"B" else b"C") + v[7:]
    ),
    "signature not canonical": with_header(b"signature", uncanonical),
    "signature without padding": with_header(b"signature", lambda v: v.replace(b"=:", b":")),
    "signature in url-safe base64": with_header(
        b"signature", lambda v: b"sig=:" + b"-_" + v[7:]
    ),
    "signature as a string": with_header(b"signature", lambda v: v.replace(b":", b'"')),
    "signature with a second label": with_header(b"signature", lambda v: v + b", b=:AAAA:"),
    "another label": with_header(b"signature", lambda v: b"sog" + v[3:]),
    "label upper case": lambda s: with_header(b"signature", lambda v: b"SIG" + v[3:])(
        with_header(b"signature-input", lambda v: b"SIG" + v[3:])(s)
    ),
    "other secret": lambda s: s._replace(key=("hmac-sha256", SECRET + b"x")),
    "no live key": lambda s: s._replace(key=None),
    "key of another algorithm": lambda s: s._replace(key=("ed25519", PUBLIC)),
    # covered components
    "method uncovered": resigned('"@method" ', ""),
    "authority uncovered": resigned('"@authority" ', ""),
    "path uncovered": resigned('"@path" ', ""),
    "query uncovered": resigned('"@query" ', ""),
    "nothing covered": resigned('"@method" "@authority" "@path" "@query" "content-type" '
                                '"content-digest" "idempotency-key"', ""),
    "covered twice": resigned('"@path"', '"@path" "@path"'),
    "unknown derived component": resigned('"@path"', '"@path" "@target-uri"'),
    "absent header covered as NUL": covering("x-absent", "\0"),
    "absent header covered as nothing": covering("x-absent", ""),
    "absent header covered": resigned('"@path"', '"@path" "x-absent"'),
    "header covered upper case": resigned('"content-type"', '"Content-Type"'),
    "component with a parameter": resigned('"@path"', '"@path";req'),
    "component by query parameter": resigned('"@query"', '"@query-param";name="dry"'),
    "the signature covers itself": resigned('"@path"', '"@path" "signature"'),
    "two spaces between components": resigned('"@path" "@query"', '"@path"  "@query"'),
    "order changed, not signed": with_header(
        b"signature-input", lambda v: v.replace(b'"@path" "@query"', b'"@query" "@path"')
    ),
    # parameters
    "tag foreign": resigned('tag="entrepot-v1"', 'tag="other-v1"'),
    "tag of another version": resigned('tag="entrepot-v1"', 'tag="entrepot-v2"'),
    "alg instead of the tag": resigned('tag="entrepot-v1"', 'alg="hmac-sha256"'),
    "alg instead of created": resigned(f"created={NOW_S}", 'alg="hmac-sha256"'),
    "alg instead of expires": resigned(f"expires={NOW_S + 300}", 'alg="hmac-sha256"'),
    "alg instead of the nonce": resigned(f'nonce="{NONCE}"', 'alg="hmac-sha256"'),
    "alg instead of the key id": resigned(f'keyid="{KEY_ID}"', 'alg="hmac-sha256"'),
    "tag dropped": resigned(';tag="entrepot-v1"', ""),
    "created dropped": resigned(f";created={NOW_S}", ""),
    "expires dropped": resigned(f";expires={NOW_S + 300}", ""),
    "nonce dropped": resigned(f';nonce="{NONCE}"', ""),
    "key id dropped": resigned(f';keyid="{KEY_ID}"', ""),
    "nonce changed, not signed": swap(b"signature-input", b"0123", b"1123"),
    "nonce below 128 bit in hex": resigned(NONCE, NONCE[:30]),
    "nonce below 128 bit in base64": resigned(NONCE, "zZ_-" * 5),
    "nonce too long": resigned(NONCE, LONG),
    "nonce with a quote": resigned(NONCE, NONCE + '\\"'),
    "created a string": resigned(f"created={NOW_S}", f'created="{NOW_S}"'),
    "created with a leading zero": resigned(f"created={NOW_S}", f"created=0{NOW_S}"),
    "created negative": resigned(f"created={NOW_S}", f"created=-{NOW_S}"),
    "created a decimal": resigned(f"created={NOW_S}", f"created={NOW_S}.0"),
    "created twice": resigned(";tag", f";created={NOW_S};tag"),
    "tag twice": resigned(";tag", ';tag="entrepot-v1";tag'),
    "unknown parameter": resigned(";tag", ";more=1;tag"),
    "space before a parameter": resigned(";tag", "; tag"),
    "algorithm contradicts the key": resigned(";tag", ';alg="ed25519";tag'),
    "algorithm unknown": resigned(";tag", ';alg="none";tag'),
    "expires before created": resigned(f"expires={NOW_S + 300}", f"expires={NOW_S - 1}"),
    "expires at created": resigned(f"expires={NOW_S + 300}", f"expires={NOW_S}"),
    "lasts too long": resigned(f"expires={NOW_S + 300}", f"expires={NOW_S + 301}"),
    "key id of another form": resigned(KEY_ID, "key-1"),
    "key id with a longer tail": resigned(KEY_ID, KEY_ID + "a"),
    "input too long": resigned(";tag", ";tag" * 900),
    # time
    "expired": at(301),
    "just expired": at(300.5),
    "from the future": at(-61),
    "a day old": at(86_400),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTATIONS)
def test_every_mutation_is_refused(name: str) -> None:
    original = strict()
    assert prove(original)
    with pytest.raises(Unauthenticated):
        prove(MUTATIONS[name](original))


def test_there_are_enough_mutations() -> None:
    assert len(MUTATIONS) >= 60


@pytest.mark.parametrize("name", [n for n in MUTATIONS if n != "key of another algorithm"])
def test_every_mutation_of_an_ed25519_request_is_refused(name: str) -> None:
    original = strict("ed25519")
    assert prove(original)
    with pytest.raises(Unauthenticated):
        prove(MUTATIONS[name](original))


@pytest.mark.parametrize("seconds", [-60, 0, 299, 300])
def test_inside_its_time_a_signature_holds(seconds: int) -> None:
    assert prove(at(seconds)(strict()))


@pytest.mark.parametrize(
    ("name", "mutation"),
    [
        ("components in another order",
         resigned('"@method" "@authority"', '"@authority" "@method"')),
        ("parameters in another order", resigned(f';created={NOW_S};expires={NOW_S + 300}',
                                                 f';expires={NOW_S + 300};created={NOW_S}')),
        ("alg of the key", resigned(";tag", ';alg="hmac-sha256";tag')),
        ("another header covered", resigned('"@path"', '"@path" "host"')),
        ("nonce in base64", resigned(NONCE, "zZ_-" * 6)),
    ],
)  # fmt: skip
def test_what_libraries_sign_is_taken(name: str, mutation: Mutation) -> None:
    assert prove(mutation(strict())), name


def test_another_label_is_taken() -> None:
    relabelled = with_header(b"signature", lambda v: b"p.y-h_ms" + v[3:])(
        with_header(b"signature-input", lambda v: b"p.y-h_ms" + v[3:])(strict())
    )
    assert prove(relabelled)


def test_a_write_without_body_signs_the_digest_of_nothing() -> None:
    request = signed("DELETE", "/api/v1/keys/1", idempotency_key="k")
    assert prove(request)
    assert dict(request.message.headers)[b"content-digest"] == EMPTY_DIGEST
    with pytest.raises(Unauthenticated):
        prove(with_message(body=b"{}")(request))


def test_a_write_without_body_needs_its_digest_all_the_same() -> None:
    request = signed("DELETE", "/api/v1/keys/1", idempotency_key="k")
    without = resigned(' "content-digest"', "")(request)
    with pytest.raises(Unauthenticated) as refusal:
        prove(without)
    assert refusal.value.code == "signature_incomplete"


def test_a_read_with_a_body_signs_it_too() -> None:
    assert prove(signed("GET", "/", b"{}"))
    with pytest.raises(Unauthenticated):
        prove(with_message(body=b"{}")(signed("GET", "/")))
