"""`[[source]]`: sellers whose orders the gateway fetches when it is told that they have changed."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from config.values import Id, Section, web_address

type Slug = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,100}$")]


class Source(Section):
    """`[[source]]`: a seller's shop."""

    id: Id
    """Names the source in its address and on the command line."""
    kind: Literal["pretix"] = "pretix"
    """What it is."""
    url: Annotated[str, AfterValidator(web_address)]
    """Where its interface is, such as https://pretix.eu."""
    organizer: Slug
    """The organizer's short name there."""
    events: Annotated[tuple[Slug, ...], Field(min_length=1)]
    """The short names of the events whose tickets are ours."""
    token_file: Path
    """A file with the token of its interface; relative to this."""
