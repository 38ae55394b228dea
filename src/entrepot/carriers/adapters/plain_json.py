"""The emulator's small JSON protocol, for carriers and brokers without one of their own.

`POST <base_url>/rates`, `Authorization: Bearer <token>`; docs/carriers.md has every field.
"""

import time
from typing import Annotated

import msgspec
from msgspec import Meta

from entrepot.carriers.adapters.protocol import (
    LiveOffers,
    LiveRefusal,
    LiveRequest,
    Nonsense,
    Wiring,
    cut,
    need,
)
from entrepot.platform.outgoing import NotAnswered


class _Refused(msgspec.Struct, frozen=True):
    code: Annotated[str, Meta(max_length=10_000)]
    message: Annotated[str, Meta(max_length=10_000)] = ""


class _Answer(msgspec.Struct, frozen=True):
    refused: _Refused


class PlainJson:
    """One connection. Option: none; credential: `token`."""

    def __init__(self, wiring: Wiring) -> None:
        (self._token,) = need(wiring.credentials, "token")
        self._url = wiring.base_url.rstrip("/") + "/rates"
        self._outgoing = wiring.outgoing

    async def rates(self, request: LiveRequest, *, deadline: float) -> LiveOffers | LiveRefusal:
        """One round trip."""
        answer = await self._outgoing.fetch(
            self._url,
            method="POST",
            headers={
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/json",
                "Accept": "application/json",
            },
            body=msgspec.json.encode(request),
            timeout_s=max(deadline - time.monotonic(), 0),
        )
        try:
            if answer.status == 200:
                return msgspec.json.decode(answer.body, type=LiveOffers)
            if answer.status == 422:
                said = msgspec.json.decode(answer.body, type=_Answer).refused
                return LiveRefusal(cut(said.code), cut(said.message))
        except msgspec.DecodeError as error:
            raise Nonsense(f"status {answer.status}, but not an answer of this form") from error
        if answer.status in (401, 403):
            return LiveRefusal("not_authorised", f"status {answer.status}")
        if answer.status == 429 or answer.status >= 500:
            raise NotAnswered("not_reached", f"status {answer.status}")
        raise Nonsense(f"status {answer.status}")
