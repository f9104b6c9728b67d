"""Texts that people write and that become part of an event."""

from typing import Annotated

import msgspec

TEXT_LENGTH = 500

type Text = Annotated[
    str, msgspec.Meta(min_length=1, max_length=TEXT_LENGTH, pattern=r"^[^\x00-\x1f\x7f]*$")
]
"""One line without control characters: an event is a line of fields between tabs."""
