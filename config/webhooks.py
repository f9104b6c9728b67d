"""`[[webhook]]`: programs elsewhere that are told what happens at the gates."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, Strict

from config.values import Id, Section, web_address

type Happening = Literal[
    "granted", "denied", "passed", "annulled", "undone", "destroyed", "space_full", "alarm"
]
"""What a webhook can be told of."""


def _once(happenings: tuple[Happening, ...]) -> tuple[Happening, ...]:
    if len(set(happenings)) < len(happenings):
        raise ValueError("names one twice")
    return happenings


class Webhook(Section):
    """`[[webhook]]`: where calls go, what they tell, and how they are signed."""

    id: Id
    """Names the webhook in alarms and on the command line."""
    url: Annotated[str, AfterValidator(web_address)]
    """Where calls are posted to."""
    secret_file: Path
    """A file of secrets (`composteur webhook secret`), one a line: each signs; relative to this."""
    events: Annotated[tuple[Happening, ...], Field(min_length=1), AfterValidator(_once)]
    """What it is told of."""
    at_once: Annotated[int, Strict(), Field(ge=1, le=500)] = 100
    """How many events one call may tell of."""
    timeout_s: Annotated[float, Strict(), Field(ge=1, le=60)] = 10.0
    """How long a call may take to be answered."""
    keep_h: Annotated[int, Strict(), Field(ge=1, le=720)] = 72
    """For how many hours a call that is not taken is tried again."""
