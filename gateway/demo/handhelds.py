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
        """Post a scan; the same nonce makes another attempt the same scan."""
        request = {"code": code, "direction": direction, "nonce": new_code()}
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
                        answer: dict[str, Any] = await response.json()
                        granted = answer["decision"] == "granted"
                        counts.answered((loop.time() - since) * 1000, granted=granted)
                        return answer
            except (aiohttp.ClientError, TimeoutError):
                continue
        counts.unanswered += 1
        return None
