"""Receive a parcel: one scan at the dock, one database round trip.

Python reads what was scanned and what stands on the label; `flows.receive_parcel_v1` does the
rest in one statement: claims the request, finds the parcel, decides whose it is, writes it down.
"""

import msgspec

from entrepot.access.flow import Claim, Stamp, hot_flow, settle
from entrepot.kernel.ids import new_id
from entrepot.kernel.principals import ApiKey, Staff, credential
from entrepot.kernel.refusals import StoredRefusal, from_stored
from entrepot.parcels import couriers
from entrepot.parcels.matching import read_label
from entrepot.parcels.payloads import read_payload
from entrepot.parcels.scope import scope_of
from entrepot.parcels.types import NewScan, Reception
from entrepot.platform.database import Tx
from entrepot.platform.sqlfile import parse_statement

RECEIVE = parse_statement(
    "receive_parcel",
    """
    select verdict, refused, answer
    from flows.receive_parcel_v1(
        :key_id, :key_version, :credential, :nonce, :key, :fingerprint, :request_id, :now, :actor,
        :warehouses, :ids, :warehouse, :number, :original, :piece, :pieces, :another, :courier,
        :couriers, :codes, :repaired, :phone_digits, :name_key, :label, :weight_g, :length_mm,
        :width_mm, :height_mm
    )
    """,
)
_IDS = 5
"""Parcel, two events, one more event, audit row: see flows/receive_parcel.sql."""


@hot_flow(permission="parcels:receive", callers=(Staff, ApiKey))
async def receive_parcel(tx: Tx, stamp: Stamp, *, scan: NewScan) -> Reception:
    """The parcel as it stands now, how its owner was found, and what to do next.

    Raises Invalid for what is no tracking number, NotFound for a warehouse that is unknown or
    not the caller's.
    """
    by = tx.principal
    read = read_payload(scan.tracking_number, scan.symbology)
    candidates = couriers.recognise(read.number)
    label = read_label(scan.label)
    found = await tx.one(
        RECEIVE,
        Claim,
        key_id=by.key_id if isinstance(by, ApiKey) else None,
        key_version=by.version if isinstance(by, ApiKey) else None,
        credential=credential(by),
        nonce=stamp.nonce,
        key=stamp.key,
        fingerprint=stamp.fingerprint,
        request_id=stamp.request_id,
        now=tx.now,
        actor=by.actor,
        warehouses=scope_of(by).warehouses,
        ids=[new_id(tx.now) for _ in range(_IDS)],
        warehouse=scan.warehouse,
        number=read.number,
        original=read.original[:200],
        piece=scan.piece or read.piece,
        pieces=read.pieces,
        another=scan.another_piece,
        courier=couriers.choose(candidates, scan.courier),
        couriers=[candidate.courier for candidate in candidates],
        codes=label.codes,
        repaired=label.repaired,
        phone_digits=label.phone_digits,
        name_key=label.name_key,
        label=None if scan.label is None else msgspec.json.encode(scan.label),
        weight_g=scan.weight_g,
        length_mm=scan.length_mm,
        width_mm=scan.width_mm,
        height_mm=scan.height_mm,
    )
    return _answer(found)


def _answer(found: Claim) -> Reception:
    """The answer of this scan or of the same request before; refusals are raised."""
    answer = found.answer if found.verdict == "fresh" else settle(found)
    assert answer is not None, "a claimed scan always has an answer"
    if found.refused:
        raise from_stored(msgspec.json.decode(answer, type=StoredRefusal))
    return msgspec.json.decode(answer, type=Reception)
