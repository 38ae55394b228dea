"""`entrepot route replay|card|what-if`: what records say, and what else could have been decided."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
import typer

from entrepot.cli.complaints import BAD_INPUT, complain, read_policy_file
from entrepot.kernel.refusals import Invalid, Refusal
from entrepot.routing.policy.document import Policy
from entrepot.routing.records import counterfactuals
from entrepot.routing.records.files import read_policy_of, read_record
from entrepot.routing.records.flipping import kept_flips
from entrepot.routing.records.format import Record
from entrepot.routing.records.replaying import Change, replay, reproduce
from entrepot.routing.records.stages import stages as stages_of
from entrepot.routing.records.telling import Language, sentence
from entrepot.routing.records.telling import card as card_of

Folder = Annotated[str, typer.Argument(metavar="DIR", help="A folder of records.")]
RecordFile = Annotated[str, typer.Argument(metavar="RECORD", help="A record: DIR/000001.json.gz.")]
PolicyFile = Annotated[str | None, typer.Option(metavar="FILE", help="A routing-policy/1.")]


class Tongue(StrEnum):
    """Languages of cards and sentences."""

    ENGLISH = "en"
    CHINESE = "zh-CN"


class Count(msgspec.Struct, frozen=True):
    """What a replay without a policy prints."""

    records: int
    reproduced: int


@contextmanager
def _refusals_told() -> Iterator[None]:
    try:
        yield
    except Refusal as refusal:
        complain(refusal)
        raise typer.Exit(BAD_INPUT) from None


def replay_command(folder: Folder, policy: PolicyFile = None) -> None:
    """Decide every record of a folder again: under another policy, or as it was.

    With `--policy` one JSON line per order that changes, then a line of totals; without, a check
    that every record gives the same bytes again.
    """
    with _refusals_told():
        if policy is None:
            count = reproduce(Path(folder))
            _line(Count(count, count))
        else:
            _line(replay(Path(folder), read_policy_file(policy), tell=_line))


def card(
    record: RecordFile,
    language: Annotated[Tongue, typer.Option(help="Language.")] = Tongue.ENGLISH,
    zone: Annotated[str, typer.Option(help="IANA time zone of the times.")] = "UTC",
    flips: Annotated[bool, typer.Option("--flips", help="Add what would flip the choice.")] = False,
    shopper: Annotated[
        bool, typer.Option("--shopper", help="The shopper's sentence instead of the card.")
    ] = False,
    stages: Annotated[
        bool, typer.Option("--stages", help="The stages of the decision, a JSON line each.")
    ] = False,
) -> None:
    """Render a record for people."""
    with _refusals_told():
        found, policy = _record(record)
        tongue: Language = "en" if language is Tongue.ENGLISH else "zh-CN"
        _check_zone(zone)
        if stages:
            for stage in stages_of(found):
                _line(stage)
            return
        if shopper:
            text = sentence(found, language=tongue, zone=zone)
        else:
            path = Path(record)
            flipped = kept_flips(path.parent, path.name, found, policy) if flips else None
            text = card_of(found, language=tongue, zone=zone, flips=flipped)
        typer.echo(text)


def what_if(
    record: RecordFile,
    forced: Annotated[bool, typer.Option("--forced", help="Every option: what it costs.")] = False,
    flips: Annotated[bool, typer.Option("--flips", help="The smallest changes that flip.")] = False,
    deadline: Annotated[int | None, typer.Option(help="Minutes later (earlier: negative).")] = None,
    level: Annotated[str | None, typer.Option(help="Only services of this level.")] = None,
    close: Annotated[str | None, typer.Option(metavar="NODE", help="A node closed.")] = None,
    more: Annotated[
        tuple[str, str, int] | None, typer.Option(metavar="NODE SKU UNITS", help="More stock.")
    ] = None,
    policy: PolicyFile = None,
) -> None:
    """Decide a record once more with one thing changed; one JSON line per question."""
    with _refusals_told():
        found, own = _record(record)
        path = Path(record)
        lines: list[object] = []
        if forced:
            lines += counterfactuals.forced(found, own)
        if flips:
            lines.append(kept_flips(path.parent, path.name, found, own))
        if deadline is not None:
            lines.append(counterfactuals.deadline(found, own, minutes=deadline))
        if level is not None:
            lines.append(counterfactuals.level(found, own, level=level))
        if close is not None:
            lines.append(counterfactuals.closed(found, own, node=close))
        if more is not None:
            node, sku, units = more
            lines.append(counterfactuals.one_more(found, own, node=node, sku=sku, units=units))
        if policy is not None:
            lines.append(counterfactuals.under(found, own, other=read_policy_file(policy)))
        if not lines:
            raise Invalid("nothing is asked: see --help", code="no_question")
        for line in lines:
            _line(line)


def _record(file: str) -> tuple[Record, Policy | None]:
    path = Path(file)
    record = read_record(path.parent, path.name)
    return record, read_policy_of(path.parent, record, path.name)


def _check_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, KeyError):
        raise Invalid(f"no time zone {zone!r}", code="no_zone") from None


def _line(value: object) -> None:
    """One JSON document on a line of its own."""
    if isinstance(value, Change):
        value = {"change": value}
    sys.stdout.buffer.write(msgspec.json.encode(value, order="deterministic") + b"\n")
    sys.stdout.buffer.flush()
