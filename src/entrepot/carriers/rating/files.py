"""Card files: bytes in, a tariff out, or every error at once with its place."""

from entrepot.carriers.rating.cards import CardFile, StorageRules
from entrepot.carriers.rating.checks import findings
from entrepot.carriers.rating.compiling import Tariff, compile_tariff
from entrepot.carriers.rating.requests import Request
from entrepot.carriers.rating.storage import storage_findings
from entrepot.kernel.reading import convert, parse, read
from entrepot.kernel.refusals import Invalid


def read_cards(raw: bytes | str) -> CardFile:
    """A card file, checked. Raises Unparsable, or Invalid with all errors of one stage: first
    those of form (fields, types, ranges), then overlaps, gaps and loops."""
    file = read(raw, CardFile)
    found = findings(file)
    if found:
        raise Invalid("the cards do not hold together", code="cards_invalid", errors=found)
    return file


def read_tariff(raw: bytes | str) -> Tariff:
    """A card file, checked and compiled. Raises like `read_cards`."""
    return compile_tariff(read_cards(raw))


def read_request(raw: bytes | str) -> Request:
    """A request as JSON. Raises Unparsable, or Invalid with all errors."""
    return read(raw, Request)


def read_storage(raw: bytes | str) -> StorageRules:
    """The `storage` part of a file such as the demo's. Raises like `read_cards`."""
    document = parse(raw)
    rules = document.get("storage") if isinstance(document, dict) else None
    value = convert(rules, StorageRules)
    found = list(storage_findings(value))
    if found:
        raise Invalid("the storage rules do not hold together", code="cards_invalid", errors=found)
    return value
