"""The function library of the store: the files of ``functions/`` as one versioned text."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "functions"
FILES = (
    "near",
    "record",
    "book",
    "catalogue",
    "spaces",
    "events",
    "grants",
    "rules",
    "view",
    "scan",
    "settle",
    "feed",
    "register",
)
"""In the order in which one builds on another."""


@dataclass(frozen=True, slots=True)
class Library:
    """The library's text and its version: the digest of the text, part of each function's name."""

    text: str
    version: str

    def name(self, function: str) -> str:
        """Name a function as the store knows it."""
        return f"{function}_{self.version}"


@cache
def library() -> Library:
    """Read the library (once)."""
    body = "\n".join((FOLDER / f"{name}.lua").read_text("utf-8") for name in FILES)
    version = hashlib.blake2b(body.encode(), digest_size=4).hexdigest()
    text = f"#!lua name=composteur_{version}\n" + body.replace("@VERSION", version)
    return Library(text, version)
