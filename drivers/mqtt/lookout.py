"""Who is on a broker: gates of ours, and boards in the dialects we speak, by what they keep there.

Each says with a retained message whether it is online (docs/mqtt.md; Shelly's and ESPHome's
documentation of MQTT; Tasmota's `tele/…/LWT`): a subscriber that comes hears of all at once.
"""

import asyncio
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog

from drivers.mqtt import codec
from drivers.mqtt.connection import Away, Target, VersionRefused, connected
from drivers.mqtt.packets import Filter, Message
from drivers.seen import Seen

LISTEN_S: Final = 1.0
MOST: Final = 1_000
"""A broker may have other users than us."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Announcement:
    """How the devices of a dialect say that they are there."""

    dialect: str
    filter: str
    topic: re.Pattern[str]
    online: Callable[[bytes], bool | None]


def _word(yes: bytes, no: bytes) -> Callable[[bytes], bool | None]:
    return {yes: True, no: False}.get


def _status(payload: bytes) -> bool | None:
    status = codec.read_status(payload)
    return None if isinstance(status, codec.Rejected) else status.online


def _announcements(site: str) -> tuple[_Announcement, ...]:
    gate = re.escape(codec.gate_topic(site, "GATE", "status")).replace("GATE", "([^/]+)")
    return (
        _Announcement(
            "composteur", codec.gate_topic(site, "+", "status"), re.compile(gate), _status
        ),
        _Announcement("shelly", "+/online", re.compile("([^/]+)/online"), _word(b"true", b"false")),
        _Announcement(
            "tasmota", "tele/+/LWT", re.compile("tele/([^/]+)/LWT"), _word(b"Online", b"Offline")
        ),
        _Announcement(
            "esphome", "+/status", re.compile("([^/]+)/status"), _word(b"online", b"offline")
        ),
    )


async def look(target: Target, site: str) -> Sequence[Seen]:
    """Listen for a second to who says that it is there; none where the broker is away."""
    announcements = _announcements(site)
    found: dict[tuple[str, str], Seen] = {}

    def heard(message: Message) -> None:
        seen = _read(announcements, message)
        if seen is not None and len(found) < MOST:
            found[seen.driver, seen.name] = seen

    filters = [Filter(each.filter, queued=False, kept=True) for each in announcements]
    for modern in (target.protocol != "3.1.1", False):
        try:
            await _listen(target, filters, heard, modern=modern)
        except VersionRefused:
            continue
        except Away as why:
            log.info("mqtt_lookout_away", broker=target.name, why=str(why))
        break
    return sorted(found.values(), key=lambda seen: seen.name)


async def _listen(
    target: Target, filters: Sequence[Filter], heard: Callable[[Message], None], *, modern: bool
) -> None:
    name = f"composteur-lookout-{secrets.token_hex(4)}"
    async with connected(target, name, None, heard, modern=modern, session_s=0) as connection:
        await connection.subscribe(list(filters))
        await asyncio.sleep(LISTEN_S)


def _read(announcements: Sequence[_Announcement], message: Message) -> Seen | None:
    """Read who says that it is there; the last will of a gateway of ours is no device."""
    for each in announcements:
        match = each.topic.fullmatch(message.topic)
        if match is None:
            continue
        online, name = each.online(message.payload), match[1]
        if online is None:
            continue
        if each.dialect == "composteur":
            return Seen("mqtt", name, {}, equipment=name, online=online)
        controller: dict[str, Any] = {"dialect": each.dialect, "prefix": name}
        return Seen("mqtt", name, controller, online=online)
    return None
