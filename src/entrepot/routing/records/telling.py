"""A record told: a card for staff, one sentence for shoppers, in English and Chinese.

Pure functions of the record. The shopper's sentence names no node, no carrier and no price.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from entrepot.routing.judging import Terms
from entrepot.routing.records.comparing import Compared
from entrepot.routing.records.flipping import Flips
from entrepot.routing.records.format import Record, ShipmentCost

Language = Literal["en", "zh-CN"]

_WORDS: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {
        "order": "Order {order}: {status}, cost {cost}, proven bound {bound}, {work} units of work",
        "optimal": "the best plan",
        "bounded": "a good plan, not proven best",
        "infeasible": "no plan exists",
        "shipment": "{node} by {service}, arrives {eta}, cost {cost}: {units}",
        "terms": "  {terms}",
        "short": "Not shipped: {units}",
        "policy": "Policy {id}, version {version}",
        "no_policy": "No policy",
        "rule": "Rule {rule} ({package} {version}): {said}",
        "silent": "no say: {failure}",
        "said": "{masks} options closed, {charges} dearer",
        "followed": "Decided by {allocator}; ours would cost {ours}",
        "fallback": "{allocator} was asked and not followed: {reason}",
        "closed": "{node} by {service} closed: {code} (seen {observed}, needed {required})",
        "closed_by": "{node} by {service} closed by rule {rule}: {code}"
        " (seen {observed}, needed {required})",
        "more": "and {count} more options closed",
        "money": "Flips if {node} by {service} were {money} cheaper",
        "units": "Flips with {units} more of {sku} at {node}, saving {saving}",
        "minutes": "Flips if due {minutes} minutes later, saving {saving}",
        "type": "Best of {type}: {node} by {service}, {delta:+d}, arrives {eta}",
        "early": ", {early} minutes before the deadline",
        "tardy": ", {tardy} minutes after the deadline",
        "no_type": "No {type} could ship it: {codes}",
        "slack": "Still in time if due {minutes} minutes earlier",
        "clock": "Decided at {now} by {engine}; rows {hash}",
    },
    "zh-CN": {
        "order": "订单 {order}：{status}，费用 {cost}，已证明下限 {bound}，工作量 {work}",
        "optimal": "最优方案",
        "bounded": "较优方案（未证明最优）",
        "infeasible": "无可行方案",
        "shipment": "{node} 经 {service}，{eta} 送达，费用 {cost}：{units}",
        "terms": "  {terms}",
        "short": "未发货：{units}",
        "policy": "策略 {id}，版本 {version}",
        "no_policy": "未使用策略",
        "rule": "规则 {rule}（{package} {version}）：{said}",
        "silent": "未生效：{failure}",
        "said": "关闭 {masks} 个选项，加价 {charges} 个",
        "followed": "由 {allocator} 决定；自有引擎的费用为 {ours}",
        "fallback": "已询问 {allocator}，未采用：{reason}",
        "closed": "{node} 经 {service} 不可用：{code}（实际 {observed}，要求 {required}）",
        "closed_by": "{node} 经 {service} 被规则 {rule} 关闭：{code}"
        "（实际 {observed}，要求 {required}）",
        "more": "另有 {count} 个选项不可用",
        "money": "若 {node} 经 {service} 便宜 {money}，则改选",
        "units": "若 {node} 多 {units} 件 {sku}，则改选，节省 {saving}",
        "minutes": "若期限放宽 {minutes} 分钟，则改选，节省 {saving}",
        "type": "{type} 中最优：{node} 经 {service}，{delta:+d}，{eta} 送达",
        "early": "，早于期限 {early} 分钟",
        "tardy": "，晚于期限 {tardy} 分钟",
        "no_type": "没有 {type} 可以发货：{codes}",
        "slack": "期限提前 {minutes} 分钟仍可送达",
        "clock": "{now} 由 {engine} 决定；输入 {hash}",
    },
}
_TERMS: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {
        "fix": "handling", "penalty": "preference", "late": "lateness", "first": "first weight",
        "steps": "further weight", "units": "per unit", "shadow": "stock value",
        "rules": "rule packages", "policy": "policy",
    },
    "zh-CN": {
        "fix": "操作费", "penalty": "偏好", "late": "延误", "first": "首重", "steps": "续重",
        "units": "按件", "shadow": "库存价值", "rules": "规则包", "policy": "策略",
    },
}  # fmt: skip
MOST_CLOSED: Final = 30


def card(record: Record, *, language: Language, zone: str, flips: Flips | None = None) -> str:
    """The record for staff, in lines. `zone`: IANA zone of the times."""
    say = _WORDS[language]
    plan = record.plan
    lines = [
        say["order"].format(
            order=record.order, status=say[plan.status], cost=plan.cost, bound=plan.lower_bound,
            work=record.work,
        )
    ]  # fmt: skip
    for shipment, cost in zip(plan.shipments, record.costs, strict=True):
        lines.append(
            say["shipment"].format(
                node=shipment.node, service=shipment.service,
                eta=_moment(record, shipment.eta, zone), cost=shipment.cost,
                units=_units(shipment.units),
            )
        )  # fmt: skip
        lines.append(say["terms"].format(terms=_terms(cost, language)))
    if plan.short:
        lines.append(say["short"].format(units=_units(plan.short)))
    lines += [*_made_by(record, say), *_closed(record, say), *_flips(flips, say)]
    lines += [_compared(record, one, say, zone) for one in (flips.types if flips else ())]
    now = _moment(record, record.rows.now, zone)
    lines.append(say["clock"].format(now=now, engine=record.engine, hash=record.rows_hash[:12]))
    return "\n".join(lines)


def _units(units: Mapping[str, int]) -> str:
    return ", ".join(f"{count} × {sku}" for sku, count in units.items())


def _terms(cost: ShipmentCost, language: Language) -> str:
    amounts = {name: getattr(cost.terms, name) for name in Terms.__struct_fields__}
    amounts |= {"rules": cost.rules, "policy": cost.policy}
    names = _TERMS[language]
    return ", ".join(f"{names[name]} {amount}" for name, amount in amounts.items() if amount)


def _made_by(record: Record, say: Mapping[str, str]) -> list[str]:
    """Policy, rule packages and allocator."""
    policy = record.policy
    lines = [say["no_policy"] if policy is None else say["policy"].format(
        id=policy.id, version=policy.version)]  # fmt: skip
    for outcome in record.rules:
        said = say["said"].format(masks=len(outcome.masks), charges=len(outcome.charges))
        if outcome.failure is not None:
            said = say["silent"].format(failure=outcome.failure)
        lines.append(
            say["rule"].format(
                rule=outcome.rule, package=outcome.package, version=outcome.package_version,
                said=said,
            )
        )  # fmt: skip
    asked = record.allocator
    if asked is not None:
        word = say["followed"] if asked.followed else say["fallback"]
        lines.append(
            word.format(allocator=asked.allocator, ours=asked.our_cost, reason=asked.reason)
        )
    return lines


def _closed(record: Record, say: Mapping[str, str]) -> list[str]:
    lines = [
        say["closed_by"].format(
            node=one.node, service=one.service, rule=one.rule, code=one.code,
            observed=_seen(one.observed), required=_seen(one.required),
        )
        for one in record.by_policy
    ]  # fmt: skip
    lines += [
        say["closed"].format(
            node=one.node, service=one.service, code=one.excluded.code,
            observed=_seen(one.excluded.observed), required=_seen(one.excluded.required),
        )
        for one in record.excluded
        if one.excluded is not None
    ]  # fmt: skip
    if len(lines) > MOST_CLOSED:
        lines[MOST_CLOSED:] = [say["more"].format(count=len(lines) - MOST_CLOSED)]
    return lines


def _seen(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value) or "–"
    return "–" if value is None else str(value)


def _flips(flips: Flips | None, say: Mapping[str, str]) -> list[str]:
    lines: list[str] = []
    if flips is None:
        return lines
    if flips.money is not None:
        lines.append(
            say["money"].format(
                node=flips.money.node, service=flips.money.service, money=flips.money.money
            )
        )
    if flips.units is not None:
        more = flips.units
        lines.append(
            say["units"].format(units=more.units, sku=more.sku, node=more.node, saving=more.saving)
        )
    if flips.minutes is not None:
        lines.append(
            say["minutes"].format(minutes=flips.minutes.minutes, saving=flips.minutes.saving)
        )
    if flips.slack_min is not None:
        lines.append(say["slack"].format(minutes=flips.slack_min))
    return lines


def _compared(record: Record, one: Compared, say: Mapping[str, str], zone: str) -> str:
    """What the best option of a kind of node costs, and when it arrives."""
    if one.delta is None or one.eta is None:
        codes = ", ".join(f"{code} {count}×" for code, count in one.closed.items())
        return say["no_type"].format(type=one.type, codes=codes or "–")
    text = say["type"].format(
        type=one.type, node=one.node, service=one.service, delta=one.delta,
        eta=_moment(record, one.eta, zone),
    )  # fmt: skip
    if one.early_min is None:
        return text
    word = say["early"] if one.early_min >= 0 else say["tardy"]
    return text + word.format(early=one.early_min, tardy=-one.early_min)


def _moment(record: Record, minute: int, zone: str) -> str:
    return f"{_local(record, minute, zone):%Y-%m-%d %H:%M}"


def _local(record: Record, minute: int, zone: str) -> datetime:
    return (record.rows.instant0 + timedelta(minutes=minute)).astimezone(ZoneInfo(zone))


def sentence(record: Record, *, language: Language, zone: str) -> str:
    """One sentence for the shopper: how many parcels, until when, and whether all of it comes."""
    plan = record.plan
    count, due = len(plan.shipments), ""
    if count:
        last = _local(record, max(shipment.eta for shipment in plan.shipments), zone)
        due = f"{last:%Y-%m-%d}" if language == "en" else f"{last.year}年{last.month}月{last.day}日"
    short = sum(plan.short.values())
    if language == "en":
        return _english(record, count, due, short)
    if not count:
        return "您的订单暂时无法发货，我们会尽快与您联系。"
    parts = "合为一个包裹" if count == 1 else f"分 {count} 个包裹"
    why = "（没有一个仓库备齐全部商品）" if count > 1 and not _one_place(record) else ""
    rest = f"，另有 {short} 件暂时缺货" if short else ""
    return f"您的订单将{parts}发出{why}，预计 {due} 送达{rest}。"


def _english(record: Record, count: int, due: str, short: int) -> str:
    if not count:
        return "Your order cannot be shipped at the moment; we will be in touch."
    parts = "in one parcel" if count == 1 else f"in {count} parcels"
    why = ", because no single place has all of it" if count > 1 and not _one_place(record) else ""
    items = "item is" if short == 1 else "items are"
    rest = f"; {short} {items} out of stock for now" if short else ""
    return f"Your order ships {parts}{why} and should arrive by {due}{rest}."


def _one_place(record: Record) -> bool:
    """Whether some node has the whole order in stock."""
    wanted = {line.sku: line.qty for line in record.rows.orders[0].lines}
    return any(
        all(sku in node.stock and node.stock[sku].usable >= qty for sku, qty in wanted.items())
        for node in record.rows.nodes
    )
