"""Handhelds: scanners in somebody's hand, each bound to its reader by its key."""

import asyncio
from dataclasses import dataclass
from typing import Any

import aiohttp

from drivers.signals import Direction
from gateway.demo.counts import Counts
from gateway.demo.museum import Space
from gateway.demo.seller import new_code

ATTEMPTS = 5
PATIENCE_S = 2.0


@dataclass(frozen=True, slots=True)
class Handheld:
    """A scanner in somebody's hand: its key is bound to its reader."""

    reader: str
    space: Space
    key: str

    async def scan(
        self, http: aiohttp.ClientSession, counts: Counts, code: str, direction: Direction
    ) -> dict[str, Any] | None:
        """Scan a ticket; the same nonce makes another attempt the same scan."""
        request = {"code": code, "direction": direction, "nonce": new_code()}
        answer, took_ms = await self._post(http, request)
        if answer is None:
            counts.unanswered += 1
        else:
            counts.answered(took_ms, granted=answer["decision"] == "granted")
        return answer

    async def why(self, http: aiohttp.ClientSession, code: str, direction: Direction) -> str | None:
        """Tell somebody why their ticket does not hold; None: it does. This uses nothing up."""
        request = {"code": code, "direction": direction, "mode": "check"}
        answer, _ = await self._post(http, request)
        return None if answer is None else answer["reason"]

    async def _post(
        self, http: aiohttp.ClientSession, request: dict[str, str]
    ) -> tuple[dict[str, Any] | None, float]:
        """Return the gateway's answer, and how long it took (ms); None: it did not answer."""
        loop = asyncio.get_running_loop()
        for attempt in range(ATTEMPTS):
            await asyncio.sleep(0.2 * attempt)
            since = loop.time()
            try:
                async with http.post(
                    "/v1/scans",
                    json=request,
                    headers={"Authorization": f"Bearer {self.key}"},
                    timeout=aiohttp.ClientTimeout(PATIENCE_S),
                ) as response:
                    if response.status == 200:  # noqa: PLR2004  # OK, as everywhere
                        return await response.json(), (loop.time() - since) * 1000
            except (aiohttp.ClientError, TimeoutError):
                continue
        return None, 0.0
