"""Records in a folder: one compressed file each, the policies that decided beside them.

    000001.json.gz …                the records, in the order of the orders
    000001.flips.json               what would flip the choice; made on demand, see `flipping`
    policies/<hash>.json            every policy that a record names

A folder is written under another name first and gets its own when it is whole, so that nobody
ever reads half of one. Whatever is wrong with a file is told with its name and JSON path.
"""

import gzip
import os
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from entrepot.kernel.reading import faults_of
from entrepot.kernel.refusals import Conflict, FieldError, Invalid, NotFound, Refusal, Unparsable
from entrepot.routing.engine.checking import contradictions
from entrepot.routing.judging import Rows
from entrepot.routing.policy.document import Policy
from entrepot.routing.policy.files import MAX_BYTES as MOST_POLICY_BYTES
from entrepot.routing.policy.files import policy_bytes, policy_hash, read_policy
from entrepot.routing.records.format import Record, hash_of, record_bytes

MOST_PACKED: Final = 16 * 1024 * 1024
MOST_BYTES: Final = 64 * 1024 * 1024
MOST_ERRORS: Final = 500
_NAME: Final = re.compile(r"[0-9]{6,9}\.json\.gz")
_PARTIAL: Final = ".partial"


def packed(record: Record) -> bytes:
    """A record as it is kept: canonical JSON, gzip without a time, the same bytes every time."""
    return gzip.compress(record_bytes(record), compresslevel=9, mtime=0)


def write_records(folder: Path, records: Iterable[Record], policy: Policy | None) -> int:
    """Write a new folder of records; how many. Raises Conflict when the folder is there."""
    partial = folder.with_name(folder.name + _PARTIAL)
    for path in (folder, partial):
        if path.exists():
            raise Conflict(f"{path.name} is there already", code="folder_exists")
    count = 0
    try:
        partial.mkdir(parents=True)
        if policy is not None:
            _write_policy(partial, policy)
        for record in records:
            count += 1
            (partial / f"{count:06d}.json.gz").write_bytes(packed(record))
        os.replace(partial, folder)
    except BaseException:
        _remove(partial)
        raise
    return count


def _write_policy(folder: Path, policy: Policy) -> None:
    place = folder / "policies"
    place.mkdir()
    (place / f"{policy_hash(policy)}.json").write_bytes(policy_bytes(policy))


def _remove(partial: Path) -> None:
    """Take back what was written of a folder that did not become whole."""
    for place in (partial / "policies", partial):
        if place.is_dir():
            for file in place.iterdir():
                file.unlink()
            place.rmdir()


def names_in(folder: Path) -> list[str]:
    """The names of a folder's records, in order. Raises NotFound, or Invalid if there are none."""
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if _NAME.fullmatch(entry.name))
    except OSError as error:
        raise NotFound(f"{folder.name}: {error.strerror}", code="no_folder") from None
    if not names:
        raise Invalid(f"{folder.name} holds no records", code="no_records")
    return names


def read_record(folder: Path, name: str) -> Record:
    """One record, checked. Raises Invalid with every mistake, its path after the file's name."""
    try:
        return _checked(_decoded(_unpacked(folder / name)))
    except Refusal as refusal:
        errors = refusal.errors or [FieldError("", refusal.code, refusal.message)]
        raise Invalid(
            f"{name} is no record", code="bad_record",
            errors=[FieldError(_in(name, e.path), e.code, e.message) for e in errors],
        ) from None  # fmt: skip


def _decoded(body: bytes) -> Record:
    """The record, or Unparsable, or Invalid with every mistake. Names a policy makes up hold NUL,
    which is why this is not `platform.documents`."""
    try:
        return msgspec.json.decode(body, type=Record)
    except msgspec.ValidationError:
        errors = faults_of(_parsed(body), Record)
        raise Invalid("the record breaks the format", errors=errors[:MOST_ERRORS]) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unparsable(f"not JSON: {error}") from None


def _parsed(body: bytes) -> object:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unparsable(f"not JSON: {error}") from None


def _in(name: str, path: str) -> str:
    return f"{name}: {path}" if path else name


def _unpacked(path: Path) -> bytes:
    """The JSON of a record; a bomb is refused before it is large."""
    try:
        with open(path, "rb") as stream:
            raw = stream.read(MOST_PACKED + 1)
        unpacker = zlib.decompressobj(wbits=31)
        body = unpacker.decompress(raw, MOST_BYTES + 1)
    except (OSError, zlib.error) as error:
        raise Invalid(f"cannot be read: {error}", code="unreadable") from None
    if len(raw) > MOST_PACKED or len(body) > MOST_BYTES:
        raise Invalid("too large", code="too_large")
    if not unpacker.eof or unpacker.unused_data:
        raise Invalid("not one whole gzip file", code="unreadable")
    return body


def _checked(record: Record) -> Record:
    """The record, unless it contradicts itself."""
    errors = list(_contradictions(record))
    if errors:
        raise Invalid("the record contradicts itself", errors=errors[:MOST_ERRORS])
    return record


def _contradictions(record: Record) -> Iterator[FieldError]:
    if len(record.rows.orders) != 1:
        yield FieldError("rows.orders", "wrong_length", "a record is of one order")
        return
    for error in contradictions(record.rows):
        yield FieldError(f"rows.{error.path}", error.code, error.message)
    if hash_of(record.rows) != record.rows_hash:
        yield FieldError("rows_hash", "wrong_hash", "the rows are not those that were hashed")
    if record.plan.id != record.rows.orders[0].id:
        yield FieldError("plan.id", "wrong_order", "the plan is of another order")
    if len(record.costs) != len(record.plan.shipments):
        yield FieldError("costs", "wrong_length", "one entry per shipment")
    yield from _impossible(record)


def _impossible(record: Record) -> Iterator[FieldError]:
    """Shipments that no policy could make of these rows: a policy may move deadlines, no more."""
    book, order = Rows(record.rows), record.rows.orders[0]
    free = msgspec.structs.replace(order, deliver_by=None)
    lines = {line.sku for line in order.lines}
    for i, shipment in enumerate(record.plan.shipments):
        option = book.option(free, shipment.node, shipment.service)
        if isinstance(option, str):
            yield FieldError(f"plan.shipments[{i}]", option, "the rows have no such option")
        if not set(shipment.units) <= lines:
            yield FieldError(f"plan.shipments[{i}].units", "unknown", "not a line of the order")
    if not set(record.plan.short) <= lines:
        yield FieldError("plan.short", "unknown", "not a line of the order")


def read_policy_of(folder: Path, record: Record, name: str) -> Policy | None:
    """The policy that a record names, from beside it. Raises Invalid when it is not there."""
    if record.policy is None:
        return None
    path = folder / "policies" / f"{record.policy.hash}.json"
    try:
        with open(path, "rb") as stream:
            policy = read_policy(stream.read(MOST_POLICY_BYTES + 1))
    except OSError:
        raise _bad_policy(name, "the policy is not in the folder") from None
    except Refusal as refusal:
        raise _bad_policy(name, refusal.message) from None
    if policy_hash(policy) != record.policy.hash:
        raise _bad_policy(name, "the policy's hash is another")
    return policy


def _bad_policy(name: str, message: str) -> Invalid:
    return Invalid(
        f"{name}: {message}", code="bad_record",
        errors=[FieldError(_in(name, "policy.hash"), "no_policy", message)],
    )  # fmt: skip
