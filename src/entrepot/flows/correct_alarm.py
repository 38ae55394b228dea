"""Post the correction that an alarm of a feed proposes, once."""

from uuid import UUID

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock.feeds import watch as feeds_watch
from entrepot.stock.feeds.watch_types import Alarm


@flow(permission="reconciliation:repair", callers=(ApiKey, Staff))
async def correct_alarm(tx: Tx, *, alarm_id: UUID) -> Alarm:
    """The alarm, closed. See `stock.feeds.watch.correct_alarm` for the refusals."""
    alarm = await feeds_watch.correct_alarm(tx, alarm_id=alarm_id)
    await put_audit(
        tx, verb="correct_alarm", subject="stock_feed_alarm", subject_id=alarm_id,
        facts={"correction": alarm.correction},
    )  # fmt: skip
    return alarm
