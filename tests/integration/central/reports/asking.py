"""Questions as the office asks them."""

from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from gateway.central.reports.questions import Question, ask
from gateway.central.reports.tables import reports
from tests.integration.central.conftest import SITE
from tests.integration.central.reports.year import FIRST_DAY, NOW_AT, ZONE

WHOLE = (f"{FIRST_DAY}", "2026-11-22")


def question(
    name: str, period: tuple[str, str] = WHOLE, *, zone: ZoneInfo = ZONE, **given: str
) -> Question:
    """Ask as an operator of the museum does."""
    asked = {"from": period[0], "to": period[1], **given}
    return ask(
        reports()[name],
        {key: [value] for key, value in asked.items()},
        site=SITE,
        zone=zone,
        now=NOW_AT,
        personal=True,
    )


def local(moment: Any, zone: tzinfo = ZONE) -> Any:
    """Show an instant as a clock on the wall does."""
    return moment.astimezone(zone).replace(tzinfo=None)
