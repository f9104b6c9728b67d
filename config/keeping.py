"""What a site file says of how long things are kept (docs/privacy.md)."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, Strict

from config.values import Section, TimeOfDay

type Days = Annotated[int, Strict(), Field(ge=35, le=3660)]
type Months = Annotated[int, Strict(), Field(ge=2, le=240)]


class Retention(Section):
    """`[retention]`: how long what leads to a visitor is kept; a purge does it every night."""

    scans_days: Days = 90
    """Events keep the ticket's code for so many days; then a pseudonym stands for it."""
    pseudonymised_months: Months = 12
    """Events are kept for so many months; then only a month's totals are."""
    counts_months: Months | None = None
    """Attendance is kept for so many months; left out: for ever."""
    audit_months: Months = 12
    """What people did is kept for so many months."""
    names_days: Days | None = None
    """Holder and payer go so many days after a ticket has ended; left out: the seller decides."""
    tickets_days: Days | None = None
    """A ticket goes so many days after its last window; left out: the seller decides."""
    at: TimeOfDay = "04:00"
    """When the purge begins, every day."""
    key_file: Path | None = None
    """The key of pseudonyms; left out: pseudonym.key in state_dir."""
