"""Signed requests, strict: HTTP Message Signatures (RFC 9421) in the one profile `entrepot-v1`.

Pure, in two steps, since a rate limit and the key look-up stand between them: `parse` reads what
a request claims, `verify` proves it. Covered: @method @authority @path @query, of a body also
content-digest (RFC 9530) and content-type, of a write content-digest and idempotency-key. Any
order, any one label, canonical forms only. Whatever the bytes, only Unauthenticated is raised.
"""

import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Container, Sequence
from typing import NamedTuple, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from entrepot.kernel.refusals import Unauthenticated

PAST_S, FUTURE_S = 300, 60
KEY_ID, IDEMPOTENCY_KEY = r"ek_[a-z2-7]{12}_[a-z2-7]{16}", re.compile(r"[!-~]{1,255}")
_LABEL, _B64 = r"([a-z*][a-z0-9_.*-]{0,63})", "[A-Za-z0-9+/]"
_NAMES = r'"[a-z0-9@_-]{1,64}"(?: "[a-z0-9@_-]{1,64}"){0,15}'
_NONCE = r'(?![\dA-Fa-f-]{0,31}")[\w+/=-]{22,128}'  # at least 128 bit, in hex or in base64
_PARAMETER = re.compile(
    r';(?:(created|expires)=([1-9]\d{0,11})|(tag)="(entrepot-v1)"|(alg)="(hmac-sha256|ed25519)"'
    rf'|(keyid)="({KEY_ID})"|(nonce)="({_NONCE})")',
    re.ASCII,
)
_INPUT = re.compile(rf"{_LABEL}=(\(({_NAMES})\)((?:{_PARAMETER.pattern}){{5,6}}))", re.ASCII)
_BASE64 = rf"((?:{_B64}{{4}})*(?:{_B64}[AQgw]==|{_B64}{{2}}[AEIMQUYcgkosw048]=)?)"  # canonical
_SIGNATURE = re.compile(rf"{_LABEL}=:{_BASE64}:")
_TARGET = re.compile(rb"/(?:[\w.~!$&'()*+,;=:@/?-]|%[\dA-Fa-f]{2})*")


class Message(NamedTuple):
    """A request as it came over the wire: target raw, header names and values as bytes."""

    method: str
    path: bytes
    query: bytes
    authority: str
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes


class Claim(NamedTuple):
    """What a request says about itself, unproven. `base` is what was signed; Unix seconds."""

    key_id: str
    nonce: str
    idempotency_key: str | None
    window: tuple[int, int]
    algorithm: str | None
    digest: str | None
    base: bytes
    signature: bytes


class Proof(NamedTuple):
    """What is proven. `fingerprint`: the same request again has the same."""

    key_id: str
    nonce: str
    idempotency_key: str | None
    fingerprint: bytes


def refuse(code: str) -> NoReturn:
    """Raise the 401 that stands for `code`."""
    raise Unauthenticated("the request is not signed as it must be", code=code)


def fields_of(message: Message) -> dict[str, str]:
    """Header values by lower-case name, trimmed; NUL, never valid, for a doubled one."""
    fields: dict[str, str] = {}
    for raw, value in message.headers:
        name = raw.decode("latin-1").lower()
        fields[name] = "\0" if name in fields else value.decode("latin-1").strip(" \t")
    return fields


def target_of(message: Message, hosts: Container[str]) -> tuple[str, str, str]:
    """Authority (known, lower case, no default port), raw path and query of a sound request."""
    authority = message.authority.lower().removesuffix(":443").removesuffix(":80")
    path, query = message.path or b"/", message.query
    if authority not in hosts:
        refuse("authority_unknown")
    sound = b"?" not in path and _TARGET.fullmatch(path) and _TARGET.fullmatch(b"/" + query)
    if not sound or not message.method.isupper():
        refuse("signature_malformed")
    return authority, path.decode(), f"?{query.decode()}"


def parse(message: Message, hosts: Container[str]) -> Claim:
    """Read the two signature headers and all that they cover. `hosts`: the known authorities."""
    fields = fields_of(message)
    if "signature" not in fields or "signature-input" not in fields:
        refuse("signature_missing")
    found = _INPUT.fullmatch(fields["signature-input"])
    signed = _SIGNATURE.fullmatch(fields["signature"])
    if not found or not signed or found[1] != signed[1] or fields.get("host") == "\0":
        refuse("signature_malformed")
    pairs = _PARAMETER.findall(found[4])
    given = {"".join(pair[::2]): "".join(pair[1::2]) for pair in pairs}
    if len(given) != len(pairs) or len(given.keys() - {"alg"}) != 5:
        refuse("signature_malformed")
    names = found[3].replace('"', "").split(" ")
    needed = {"content-digest", "content-type"} if message.body else set()
    if message.method not in ("GET", "HEAD"):
        needed |= {"content-digest", "idempotency-key"}
    if not {"@method", "@authority", "@path", "@query", *needed}.issubset(names):
        refuse("signature_incomplete")
    authority, path, query = target_of(message, hosts)
    values = {name: fields.get(name, "\0") for name in names if name[0] != "@"}
    values |= {"@method": message.method, "@authority": authority, "@path": path, "@query": query}
    lines = [f'"{name}": {values.get(name)}' for name in names]
    base = "\n".join([*lines, f'"@signature-params": {found[2]}'])
    # What is covered twice, unknown, absent or doubled, and a line break in a value, end here.
    sound = len(values) == len(names) == base.count("\n") and re.fullmatch(r"[\t\n -~]*", base)
    created, expires = int(given["created"]), int(given["expires"])
    if not sound or not 0 < expires - created <= PAST_S:
        refuse("signature_malformed")
    key, digest = values.get("idempotency-key"), values.get("content-digest")
    if not IDEMPOTENCY_KEY.fullmatch("-" if key is None else key):
        refuse("idempotency_key_malformed")
    kept = given["keyid"], given["nonce"], key, (created - FUTURE_S, expires), given.get("alg")
    return Claim(*kept, digest, base.encode(), b64decode(signed[2]))


def verify(message: Message, claim: Claim, key: tuple[str, bytes] | None, now_s: float) -> Proof:
    """Prove a claim by its live key: (algorithm, HMAC secret or raw public key); None if none."""
    if key is None or claim.algorithm not in (None, key[0]):
        refuse("signature_invalid")
    if not claim.window[0] <= now_s <= claim.window[1]:
        refuse("signature_out_of_time")
    body_hash = hashlib.sha256(message.body).digest()
    if claim.digest not in (None, f"sha-256=:{b64encode(body_hash).decode()}:"):
        refuse("digest_mismatch")
    try:
        if key[0] == "ed25519":
            Ed25519PublicKey.from_public_bytes(key[1]).verify(claim.signature, claim.base)
        elif not hmac.compare_digest(hmac.digest(key[1], claim.base, "sha256"), claim.signature):
            refuse("signature_invalid")
    except InvalidSignature:
        refuse("signature_invalid")
    target = b" ".join((message.method.encode(), message.path or b"/", message.query, body_hash))
    fingerprint = hashlib.sha256(target).digest()
    return Proof(claim.key_id, claim.nonce, claim.idempotency_key, fingerprint)
