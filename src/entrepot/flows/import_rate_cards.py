"""Import rate cards and the rules that they share: new versions, all or none."""

from uuid import UUID

import msgspec

from entrepot.access.flow import flow
from entrepot.carriers import tariff_operations
from entrepot.carriers.importing import CardNews, Form, RuleNews
from entrepot.carriers.uploads import Planner
from entrepot.flows.preview_rate_cards import refuse_part_of_house
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.kernel.refusals import FieldError
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx


class Imported(msgspec.Struct, frozen=True):
    """What an import did. `import_id` None: nothing in it was new."""

    import_id: UUID | None
    cards: list[CardNews]
    rules: list[RuleNews]
    warnings: list[FieldError]


@flow(permission="rate_cards:change", callers=(ApiKey, Staff))
async def import_rate_cards(tx: Tx, *, form: Form, planner: Planner) -> Imported:
    """The versions of the file, each new or stored before. Importing twice is importing once.

    Raises Invalid with every error and its place; version names in use are among them.
    """
    refuse_part_of_house(tx.principal)
    import_id, plan = await tariff_operations.import_tariff(tx, form=form, plan=planner)
    if import_id is not None:
        await put_audit(
            tx,
            verb="import_rate_cards",
            subject="tariff_import",
            subject_id=import_id,
            facts={
                "cards": [f"{card.service} {card.version}" for card in plan.cards],
                "rules": [rule.kind for rule in plan.rules],
            },
        )
    return Imported(import_id, plan.card_news, plan.rule_news, plan.warnings)
