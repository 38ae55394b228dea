"""Nasty requests: a grammar of what people, scanners and attackers send, properly signed.

Every request starts from a good one of the tenant matrix and is spoilt in one or two ways. It
is a raw ASGI scope, since no client library would send most of these.
"""

import gzip
import json
import random
import time
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from entrepot.kernel.ids import new_token
from tests.api.harness import AUTHORITY, ApiKeyInHand
from tests.api.test_tenant_matrix import OPERATIONS, Operation, filled

Headers = list[tuple[bytes, bytes]]


class Sent(NamedTuple):
    """One request as it goes out; `told` says how it was spoilt."""

    method: str
    target: str
    body: bytes
    headers: Headers
    told: str
    path: str | None = None
    """The operation's path in the document, None when the request hits no operation."""


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


async def ask(app: Any, sent: Sent) -> Answer:
    """Send a request as raw as it is."""
    path, _, query = sent.target.partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1",
        "method": sent.method, "scheme": "http", "path": unquote(path),
        "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
        "headers": [(b"host", AUTHORITY.encode()), *sent.headers],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8080), "state": {},
    }  # fmt: skip
    messages: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": sent.body, "more_body": False}

    async def send(message: Any) -> None:
        messages.append(message)

    await app(scope, receive, send)
    start = messages[0]
    headers = {n.decode().lower(): v.decode("latin-1") for n, v in start["headers"]}
    return Answer(start["status"], headers, b"".join(m.get("body", b"") for m in messages[1:]))


def signed(
    key: ApiKeyInHand, method: str, target: str, body: bytes, *, content_type: str | None = None,
    idempotency_key: str | None = None,
) -> Headers:  # fmt: skip
    """The headers of a request that is properly signed, however odd it is."""
    if idempotency_key is None and method not in ("GET", "HEAD"):
        idempotency_key = new_token(12)
    extra = {} if content_type is None else {"content_type": content_type}
    headers = key.signed(
        method, target, body, idempotency_key, now_s=int(time.time()), nonce=new_token(24), **extra
    )
    return [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]


VALUES: list[Any] = [
    None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63) - 1, 10**30, 10**400, 1.5, -0.0, 1e308,
    "", " ", "0", "NULL", "\x00", "a\x00b", "\ud800", "\udfff\ud800", "\u202eabc", "\ufeff",
    "\U00020000", "👩‍👩‍👧", "é" * 300, "A" * 5000, "1e308", "NaN", "' or 1=1 --", "%s%n{0}",
    "../../etc/passwd", "<script>alert(1)</script>", "=cmd|'/c calc'!A0",
    "00000000-0000-0000-0000-000000000000", "not-a-uuid", [], {}, [[]], [None], {"": ""},
    {"a": {"a": {}}}, ["A"] * 3000, [{}] * 60, {"\x00": 1},
]  # fmt: skip
RAW_BODIES = [
    b"", b"null", b"true", b"[]", b"{}", b'""', b"0", b"NaN", b"Infinity", b"-Infinity", b"1e309",
    b"{", b"}", b'{"a"', b"[" * 100_000, b'{"a":' * 50_000, b"[" * 400 + b"]" * 400,
    b'{"a":' * 400 + b"1" + b"}" * 400, b"\x00", b"\xff\xfe{\x00}\x00", b"\xef\xbb\xbf{}",
    b"\xc3\x28", b'{"name": "\xed\xa0\x80"}', b'{"name": "\\ud800"}', b'{"name": "\\u0000"}',
    b'{"name": 1e308}', b'{"name": NaN}', b'{"name": 01}', b"{'name': 'x'}", b'{"name": "x"}x',
    b'{"name": "x", "name": 1}', b'{"name": "' + b"x" * 900_000 + b'"}',
    b'{"quantity": ' + b"9" * 5000 + b"}", b"x" * 1_100_000, b"a=1&b=2", b"<xml/>",
    b'{"items": [' + b"{}," * 5000 + b"{}]}",
]  # fmt: skip
CONTENT_TYPES = [
    "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
    "application/json; charset=utf-16", "application/json; charset=latin-1", "APPLICATION/JSON",
    "application/json;", "application/json; charset=", "application/msgpack", "x", "/", ";",
    "application/json, text/plain", "application/xml", "application/problem+json",
]  # fmt: skip
QUERIES = [
    "", "&", "=", "&&==", "?", "??", "tracking_number=", "tracking_number", "limit=0",
    "limit=201", "limit=-1", "limit=1e3", "limit=99999999999999999999", "limit=%00", "limit=１",
    "limit=1&limit=2", "tracking_number=a&tracking_number=b", "tracking_number=%00",
    "tracking_number=%ED%A0%80", "tracking_number=%FF%FE", "tracking_number=%", "%zz=%zz",
    "customer_id=x", "customer_id=%7B%7D", "customer_id=00000000-0000-0000-0000-000000000000",
    "after=zz", "after=%F0%9F%98%80", "status=nonsense", "status=%27--", "warehouse=%00",
    "warehouse=" + "W" * 500, "unknown=1", "a[]=1&a[b]=2", "tracking_number=%2500", "+=+&%20=%20",
    "tracking_number=" + "x" * 100_000, "&".join(f"q{i}=1" for i in range(3000)), ";;", "%26%3D",
]  # fmt: skip
PATHS = [
    "/api/v1", "/api/v1/", "/api/v1//", "/api//v1/parcels", "//api/v1/parcels", "/api/v1/parcels/",
    "/api/v1//parcels", "/api/v1/parcels//", "/api/v1/parcels/%00", "/api/v1/parcels/%FF%FE",
    "/api/v1/parcels/%ED%A0%80", "/api/v1/parcels/..", "/api/v1/parcels/%2e%2e/customers",
    "/api/v1/parcels/%2Funclaimed", "/api/v1/parcels/%zz", "/api/v1/parcels/%", "/api/v2/parcels",
    "/api/v1/nodes/%00/bins", "/api/v1/nodes//bins", "/api/v1/nodes/%F0%A0%80%80/bins",
    "/api/v1/nodes/" + "A" * 3000 + "/bins", "/api/v1/nodes/..%2f..%2f/bins", "/API/V1/PARCELS",
    "/api/v1/scans/", "/api/v1/scans//", "/api/v1/scans;x=1", "/api/v1/sc%61ns", "/%00", "/%FF",
    "/api/v1/parcels/00000000-0000-0000-0000-000000000000x", "/api/v1/parcels/{parcel_id}",
    "/api/v1/parcels/00000000-0000-0000-0000-000000000000/assign/", "*", "/.", "/..;/",
    "/api/v1/parcels/" + "%41" * 2000, "/openapi.json/", "/healthz/x", "/metrics%00",
]  # fmt: skip
METHODS = ["HEAD", "OPTIONS", "TRACE", "PUT", "PATCH", "DELETE", "GET", "POST", "CONNECT", "BREW"]
HEADERS: list[tuple[bytes, bytes]] = [
    (b"content-encoding", b"gzip"), (b"content-encoding", b"br, gzip"),
    (b"content-type", b"application/json"), (b"content-type", b"text/plain"),
    (b"content-length", b"-1"), (b"content-length", b"99999999999999999999"),
    (b"content-length", b"\xb2"), (b"content-length", b"1e3"), (b"transfer-encoding", b"chunked"),
    (b"accept", b"text/html"), (b"accept", b"*/*;q=x"), (b"accept", b"\xff\xfe"), (b"accept", b""),
    (b"accept-language", b"\xff"), (b"cookie", b"\x00=\xff; a=b; session"), (b"cookie", b"=;=;;"),
    (b"x-forwarded-host", b"evil.example"), (b"x-forwarded-for", b"1.2.3.4, \xff"),
    (b"host", b"evil.example"), (b"idempotency-key", b"another"), (b"idempotency-key", b"\xff"),
    (b"content-digest", b"sha-256=:AAAA:"), (b"signature", b"sig=:AAAA:"), (b"range", b"bytes=0-"),
    (b"signature-input", b'sig=("@method");created=1'), (b"expect", b"100-continue"),
    (b"if-none-match", b"*"), (b"x" * 3000, b"y" * 30_000), (b"upgrade", b"websocket"),
    (b"x-entrepot-key", b"ek_a"), (b"date", b"yesterday"), (b"origin", b"null"),
    (b"x-http-method-override", b"DELETE"), (b"te", b"trailers"), (b"authorization", b"Basic \xff"),
]  # fmt: skip


class Grammar:
    """Makes spoilt requests of one tenant; `ids` are valid ones of it."""

    def __init__(self, key: ApiKeyInHand, ids: dict[str, str], rng: random.Random) -> None:
        self.key, self.ids, self.rng = key, ids, rng
        self._ways: list[Callable[[], Sent]] = [
            self.wrong_value, self.wrong_value, self.wrong_value, self.wrong_value, self.raw_body,
            self.content_type, self.zipped, self.query, self.path, self.method, self.odd_header,
            self.odd_key, self.path_id, self.good, self.frayed, self.frayed,
        ]  # fmt: skip

    def any(self) -> Sent:
        """The next request."""
        return self.rng.choice(self._ways)()

    def _good(self, *, writes: bool | None = None) -> tuple[Operation, str, Any]:
        fitting = [o for o in OPERATIONS if writes is None or (o.body is not None) == writes]
        operation = self.rng.choice(fitting)
        target = "/api/v1" + filled(operation.target, self.ids)
        body = filled(operation.body, self.ids)
        if isinstance(body, dict) and "tracking_number" in body and self.rng.random() < 0.5:
            body["tracking_number"] = f"SF{self.rng.randrange(10**13):013}"
        return operation, target, body

    def _sent(self, operation: Operation, target: str, body: bytes, told: str, **how: Any) -> Sent:
        headers = signed(self.key, operation.method, target, body, **how)
        return Sent(operation.method, target, body, headers, told, f"/api/v1{operation.path}")

    def good(self) -> Sent:
        operation, target, body = self._good()
        return self._sent(operation, target, encoded(body), "as it should be")

    def wrong_value(self) -> Sent:
        """A wrong value or an unknown field, anywhere in the document."""
        operation, target, body = self._good(writes=True)
        rng = self.rng
        part = body
        while rng.random() < 0.4:
            inner = [v for v in part.values() if isinstance(v, dict)]
            inner += [
                w for v in part.values() if isinstance(v, list) for w in v if isinstance(w, dict)
            ]
            if not inner:
                break
            part = rng.choice(inner)
        names = [*part, *_FIELDS.get(operation.path, ()), *_FIELDS[""]]
        for _ in range(rng.choice((1, 1, 1, 2, 5))):
            part[rng.choice(names)] = rng.choice(VALUES)
        return self._sent(operation, target, encoded(body), "wrong value")

    def frayed(self) -> Sent:
        """A good document whose texts have something invisible at an end."""
        operation, target, body = self._good(writes=True)
        odd = self.rng.choice(["\n", "\n", " ", "\t", "\u200b", "\r\n", "\u3000", "\x7f", "\u0301"])
        names = [name for name, value in body.items() if isinstance(value, str)]
        if names:
            name = self.rng.choice(names)
            body[name] = body[name] + odd if self.rng.random() < 0.7 else odd + body[name]
        for name, value in _PATTERNED.get(operation.path, {}).items():
            if self.rng.random() < 0.7:
                body[name] = filled(value, {"odd": odd})
        return self._sent(operation, target, encoded(body), "frayed text")

    def raw_body(self) -> Sent:
        operation, target, _ = self._good(writes=True)
        return self._sent(operation, target, self.rng.choice(RAW_BODIES), "raw body")

    def content_type(self) -> Sent:
        operation, target, body = self._good(writes=True)
        kind = self.rng.choice(CONTENT_TYPES)
        return self._sent(operation, target, encoded(body), "content type", content_type=kind)

    def zipped(self) -> Sent:
        operation, target, body = self._good(writes=True)
        sent = self._sent(operation, target, gzip.compress(encoded(body)), "zipped")
        return sent._replace(headers=[*sent.headers, (b"content-encoding", b"gzip")])

    def query(self) -> Sent:
        operation, target, body = self._good()
        path = target.partition("?")[0]
        query = quote(self.rng.choice(QUERIES), safe="%&=?;+[]")
        return self._sent(operation, f"{path}?{query}", encoded(body), "query")

    def path(self) -> Sent:
        target = self.rng.choice(PATHS)
        method = self.rng.choice(("GET", "POST"))
        body = b"{}" if method == "POST" else b""
        return Sent(method, target, body, signed(self.key, method, target, body), "path")

    def path_id(self) -> Sent:
        """A valid id at the wrong place, in upper case, without hyphens, in braces."""
        parcel = self.ids["parcel_id"]
        odd = self.rng.choice(
            [parcel.upper(), parcel.replace("-", ""), quote(f"{{{parcel}}}"), f"urn:uuid:{parcel}",
             self.ids["customer_id"], f"{parcel}%20", f"%20{parcel}", f"{parcel}%0A"]
        )  # fmt: skip
        fitting = [o for o in OPERATIONS if "parcel_id" in o.target]
        operation = self.rng.choice(fitting)
        target = "/api/v1" + operation.target.replace("{parcel_id}", odd)
        body = encoded(filled(operation.body, self.ids))
        return self._sent(operation, target, body, "path id")

    def method(self) -> Sent:
        _operation, target, body = self._good()
        method, raw = self.rng.choice(METHODS), encoded(body)
        return Sent(method, target, raw, signed(self.key, method, target, raw), "method")

    def odd_header(self) -> Sent:
        operation, target, body = self._good()
        sent = self._sent(operation, target, encoded(body), "header")
        odd = [self.rng.choice(HEADERS) for _ in range(self.rng.choice((1, 1, 3)))]
        doubled = [self.rng.choice(sent.headers)] if self.rng.random() < 0.3 else []
        return sent._replace(headers=[*sent.headers, *odd, *doubled])

    def odd_key(self) -> Sent:
        operation, target, body = self._good(writes=True)
        key = self.rng.choice(["", " ", "x" * 255, "x" * 256, "ä", "\x00", "a b", '"', "same"])
        return self._sent(operation, target, encoded(body), "key", idempotency_key=key)


_FIELDS = {
    "": ("name", "id", "status", "__proto__", "tenant", "\x00"),
    "/customers": ("name", "email", "phone", "locale"),
    "/pre-alerts": ("items", "courier", "customer_id", "suite_code", "warehouse"),
    "/pre-alerts/bulk": ("text", "customer_id", "suite_code", "warehouse"),
    "/scans": (
        "symbology", "courier", "piece", "another_piece", "label", "weight_g", "length_mm",
        "width_mm", "height_mm",
    ),
    "/nodes": (
        "kind", "names", "country", "address", "lat", "lon", "receiving_address",
        "receiving_phone", "steps_off",
    ),
    "/nodes/{code}/bins": ("bins", "zones", "class", "max_g", "max_parcels"),
    "/people": ("email", "name", "locale", "roles", "warehouses", "customer_id", "password"),
    "/suite-rule": ("prefix", "digits", "first_number"),
    "/lookups": ("code", "symbology"),
}  # fmt: skip

_PATTERNED: dict[str, dict[str, Any]] = {
    "/customers": {"locale": "zh-CN{odd}"},
    "/nodes": {"code": "N1{odd}", "country": "CN{odd}", "zone": "UTC{odd}"},
    "/nodes/{code}/bins": {
        "bins": [{"code": "B{odd}"}],
        "zones": [{"code": "Z{odd}", "aisles": 1, "bays": 1, "levels": 1}],
    },
    "/pre-alerts": {
        "items": [
            {"description": "x{odd}", "quantity": 1, "unit_price_minor": 1, "currency": "CNY{odd}"}
        ],
    },
    "/suite-rule": {"prefix": "AB{odd}"},
    "/people": {"email": "a@b.example{odd}", "locale": "en{odd}"},
}
"""Fields that a pattern guards."""


def encoded(body: Any) -> bytes:
    """JSON as Python writes it: NaN, lone surrogates and all; nothing for None."""
    return b"" if body is None else json.dumps(body).encode()
