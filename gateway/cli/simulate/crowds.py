"""The codes that simulated people have."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from random import Random

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH: Final = 26


async def codes_of(file: Any, dice: "Random") -> AsyncIterator[str]:
    """Read codes, one a line; without a file make some up, for ever."""
    import asyncio

    if file is None:
        while True:
            yield "".join(dice.choices(ALPHABET, k=CODE_LENGTH))
    while line := await asyncio.to_thread(file.readline):
        if code := line.strip():
            yield code
