"""A small client of the public API: signs, sends, repeats with the same key, never doubles."""

import http.client
import time
from typing import Any
from urllib.parse import urlsplit

import msgspec

from entrepot.access.signing import sign, signing_secret
from entrepot.kernel.ids import new_token

_TRIES = 5


class Refused(Exception):
    """The API said no; the message holds its problem document."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status} {text}")
        self.status = status


class ApiClient:
    """One key's way in. `algorithm` and `secret` are as `keys create` printed them."""

    def __init__(self, base_url: str, key_id: str, algorithm: str, secret: str) -> None:
        parts = urlsplit(base_url)
        self._authority = parts.netloc
        self._key_id = key_id
        self._secret = signing_secret(algorithm, secret)
        self._connection = http.client.HTTPConnection(parts.netloc, timeout=30)

    def get(self, target: str) -> Any:
        """GET `/api/v1<target>`; the decoded answer."""
        return self._ask("GET", target, b"", None)

    def post(self, target: str, document: object) -> Any:
        """POST the document as JSON; the decoded answer. Raises Refused on any 4xx."""
        return self._ask("POST", target, msgspec.json.encode(document), new_token(16))

    def put(self, target: str, document: object) -> Any:
        """PUT the document as JSON; the decoded answer. Raises Refused on any 4xx."""
        return self._ask("PUT", target, msgspec.json.encode(document), new_token(16))

    def delete(self, target: str) -> Any:
        """DELETE; the decoded answer. Raises Refused on any 4xx."""
        return self._ask("DELETE", target, b"", new_token(16))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _ask(self, method: str, target: str, body: bytes, key: str | None) -> Any:
        """Send; after no answer or a 5xx again: new signature and nonce, same idempotency key."""
        for attempt in range(_TRIES):
            try:
                status, answer = self._send(method, f"/api/v1{target}", body, key)
            except (OSError, http.client.HTTPException):
                self._connection.close()
                status, answer = 503, b"no answer"
            if status < 500 and status != 429:
                break
            time.sleep(0.2 * (attempt + 1))
        if status >= 400:
            raise Refused(status, f"{method} {target}: {answer.decode(errors='replace')}")
        return msgspec.json.decode(answer)

    def _send(self, method: str, target: str, body: bytes, key: str | None) -> tuple[int, bytes]:
        headers = sign(
            method,
            self._authority,
            target,
            body,
            key_id=self._key_id,
            secret=self._secret,
            now_s=int(time.time()),
            nonce=new_token(24),
            idempotency_key=key,
        )
        self._connection.request(method, target, body or None, headers)
        response = self._connection.getresponse()
        return response.status, response.read()
