"""One call: posted, and what its receiver's answer means."""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import aiohttp

from config import Webhook
from gateway.venue.webhooks.signing import NoSecret, read_secrets, signed

AGENT: Final = "composteur"
_READ_BYTES: Final = 65_536
"""Of an answer, which says nothing we need: as much as lets its connection be used again."""
_REFUSED: Final = frozenset({400, 413, 415, 422})
"""The receiver does not take this content; all else may pass, or be put right over there."""
_LONGEST_AFTER_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a call.

    ``taken``: the receiver has it. ``refused``: it does not take what was sent, and would not the
    next time. Neither: try again, not before ``after_s``. ``said`` is for people, without address.
    """

    said: str
    taken: bool = False
    refused: bool = False
    after_s: float = 0.0


async def post(
    session: aiohttp.ClientSession,
    webhook: Webhook,
    body: bytes,
    *,
    call: str,
    clock: Callable[[], int],
) -> Answer:
    """Post a call; redirections are not followed, for a signed body goes to nobody else.

    Args:
        session: Connections to receivers.
        webhook: The receiver.
        body: What to tell it.
        call: The call's id, the same each time it is tried.
        clock: Milliseconds since the epoch.
    """
    begun_at = time.monotonic()
    try:
        keys = await asyncio.to_thread(read_secrets, webhook.secret_file)
        headers = signed(body, call=call, at_s=clock() // 1000, with_secrets=keys)
        headers |= {"content-type": "application/json", "user-agent": AGENT}
        async with session.post(
            webhook.url,
            data=body,
            headers=headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=webhook.timeout_s),
        ) as response:
            await response.content.read(_READ_BYTES)
            status, after = response.status, response.headers.get("retry-after", "")
    except NoSecret as error:
        return Answer(str(error))
    except TimeoutError:
        return Answer(f"no answer within {webhook.timeout_s:g} s")
    except (aiohttp.ClientError, OSError) as error:
        return Answer(_absence(error))
    said = f"HTTP {status} in {(time.monotonic() - begun_at) * 1000:.0f} ms"
    if 200 <= status < 300:  # noqa: PLR2004 - HTTP's own classes
        return Answer(said, taken=True)
    return Answer(said, refused=status in _REFUSED, after_s=_seconds(after))


def _absence(error: Exception) -> str:
    """Say why nobody answered, without the address, which may be a secret."""
    cause = getattr(error, "os_error", None) or error.__cause__ or error
    number = getattr(cause, "errno", None)
    if isinstance(cause, OSError) and isinstance(number, int) and number > 0:
        return os.strerror(number).lower()
    return type(cause).__name__


def _seconds(text: str) -> float:
    """Read `Retry-After` in seconds; a date is left to our own patience.

    >>> _seconds("120"), _seconds("Wed, 21 Oct 2026 07:28:00 GMT")
    (120.0, 0.0)
    """
    return min(float(text), _LONGEST_AFTER_S) if text.isdecimal() else 0.0
